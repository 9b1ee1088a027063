"""Requests that can be read in two ways are refused before anything reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import http_api
from http_api.refusals import (
    FieldsTooLarge,
    Malformed,
    NotImplementedHere,
    UriTooLong,
    VersionNotSupported,
)
from http_api.request_head import (
    MAX_FIELDS_BYTES,
    MAX_TARGET_BYTES,
    ODD_TARGET,
    refuse_ambiguous,
)


def look(*headers: tuple[bytes, bytes], version: str = "1.1", **more: Any) -> None:
    """Look at a request with these header fields."""
    scope = {"http_version": version, "raw_path": b"/", "headers": list(headers), **more}
    refuse_ambiguous(scope)


@pytest.mark.parametrize(
    "host", [b"lists.example", b"LISTS.example:443", b"127.0.0.1:8000", b"[::1]:8000", b"a_b-c.d"]
)
def test_a_host_is_a_name_or_an_address(host: bytes) -> None:
    """With a port or without."""
    look((b"host", host))


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"a/b",
        b"ann@a",
        b"a b",
        b"a?b",
        b"a#b",
        b"a\\b",
        b"a,b",
        b"a:80:80",
        b"a:x",
        b"a:",
        b"\xffa",
        b"[::1",
        b"[a/b]",
    ],
)
def test_a_decorated_host_is_malformed(host: bytes) -> None:
    """A path or user info in it is a way to be two hosts at once."""
    with pytest.raises(Malformed):
        look((b"host", host))


def test_there_is_one_host() -> None:
    """Two are refused, even the same; none only HTTP/1.0 may send (RFC 9112 section 3.2)."""
    with pytest.raises(Malformed):
        look((b"host", b"a"), (b"host", b"a"))
    with pytest.raises(Malformed):
        look()
    look(version="1.0")


def test_a_body_is_framed_once() -> None:
    """Either by its length or in chunks: what differs here is smuggled (RFC 9112 section 6.1)."""
    host, length = (b"host", b"a"), (b"content-length", b"5")
    look(host, length)
    look(host, (b"transfer-encoding", b"chunked"))
    with pytest.raises(Malformed):
        look(host, length, (b"transfer-encoding", b"chunked"))


def test_the_only_transfer_coding_is_chunks_over_http_1_1() -> None:
    """What wraps the body otherwise would be taken for the body (RFC 9112 section 6.1)."""
    host = (b"host", b"a")
    look(host, (b"transfer-encoding", b"Chunked "))
    for coding in (b"gzip, chunked", b"gzip", b"identity", b"", b"xchunked", b"chunked, chunked"):
        with pytest.raises(NotImplementedHere):
            look(host, (b"transfer-encoding", coding))
    with pytest.raises(Malformed):
        look(host, (b"transfer-encoding", b"chunked"), version="1.0")


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_another_version_is_not_spoken(version: str) -> None:
    """The parser takes a line that says so for HTTP/1."""
    with pytest.raises(VersionNotSupported):
        look((b"host", b"a"), version=version)


@pytest.mark.parametrize(
    "name",
    [b"authorization", b"content-length", b"idempotency-key", b"origin", b"sec-fetch-site"],
)
def test_what_may_be_there_once_is_there_once(name: bytes) -> None:
    """Else one part would check the first, and another believe the last."""
    look((b"host", b"a"), (name, b"x"))
    for second in (b"x", b"y"):
        with pytest.raises(Malformed):
            look((b"host", b"a"), (name, b"x"), (name, second))


def test_lists_may_come_in_several_fields() -> None:
    """RFC 9110 section 5.3."""
    for name in (b"if-match", b"if-none-match", b"accept", b"x-forwarded-for", b"cookie"):
        look((b"host", b"a"), (name, b"x"), (name, b"y"))


def test_fields_and_address_have_an_end() -> None:
    """The same as behind Nginx; just below, they are read."""
    host = (b"host", b"a")
    look(host, (b"x", b"a" * (MAX_FIELDS_BYTES - 6)))
    with pytest.raises(FieldsTooLarge):
        look(host, (b"x", b"a" * (MAX_FIELDS_BYTES - 5)))
    with pytest.raises(FieldsTooLarge):
        look(host, *((b"x-%d" % number, b"a" * 100) for number in range(400)))
    look(host, raw_path=b"/" * (MAX_TARGET_BYTES - 1), query_string=b"q")
    for path, query in ((b"/" * MAX_TARGET_BYTES, b"q"), (b"/", b"q" * MAX_TARGET_BYTES)):
        with pytest.raises(UriTooLong):
            look(host, raw_path=path, query_string=query)


def test_a_target_that_is_no_path_is_malformed() -> None:
    """It names a host of its own."""
    with pytest.raises(Malformed):
        look((b"host", b"a"), extensions={ODD_TARGET: {}})


@pytest.mark.parametrize("path", [b"/100%", b"/%", b"/%4", b"/%zz", b"/%u0041", b"/%%41"])
def test_a_path_is_percent_encoded(path: bytes) -> None:
    """Nginx refuses what is not, and other servers take it as it is."""
    look((b"host", b"a"), raw_path=b"/%41%7e", query_string=b"q=100%")
    with pytest.raises(Malformed):
        look((b"host", b"a"), raw_path=path)


@pytest.mark.parametrize("path", [b"/%ff", b"/a%C3", b"/%ed%a0%80", b"/%c0%af"])
def test_a_path_is_utf_8(path: bytes) -> None:
    """Bytes that are no text would come out as other text."""
    look((b"host", b"a"), raw_path=b"/k%C3%BChl%2F100%25")
    with pytest.raises(Malformed):
        look((b"host", b"a"), raw_path=path)


def test_nothing_is_decided_by_the_whole_address_of_a_request() -> None:
    """``request.url`` mixes the Host field into the path's address, so no source mentions it."""
    for source in Path(http_api.__file__).parent.rglob("*.py"):
        assert "request.url" not in source.read_text(encoding="utf-8"), source.name
