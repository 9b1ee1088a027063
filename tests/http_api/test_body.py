"""Bodies: what is not one JSON object, exactly once readable, goes no further."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from http_api.body import MAX_BODY_BYTES, parse_object, read_bytes, read_form, read_object
from http_api.refusals import Malformed, TooLarge, UnsupportedType
from store.errors import Invalid

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def request(body: bytes, headers: dict[str, str], chunk: int = 100_000) -> Request:
    """Make a request whose body comes in chunks."""
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    queue = iter(
        {"type": "http.request", "body": part, "more_body": number < len(chunks) - 1}
        for number, part in enumerate(chunks)
    )

    async def receive() -> Any:
        return next(queue)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"{} x",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":01}',
        b'{"a":"\x00"}',
        b"{'a':1}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud8"}',
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_not_one_clear_object_is_malformed(raw: bytes) -> None:
    """Two parsers must not be able to read two things."""
    with pytest.raises(Malformed):
        parse_object(raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b'{"title":"\\ud800"}', "title"),
        (b'{"title":"x\\udc00y"}', "title"),
        (b'{"a":[{"b":"\\ud800\\ud800"}]}', "a.0.b"),
        (b'{"\\ud800":1}', "\\ud800"),
    ],
)
def test_half_a_surrogate_pair_is_invalid_with_its_path(raw: bytes, path: str) -> None:
    """It is JSON, but no text that UTF-8 can carry."""
    with pytest.raises(Invalid) as caught:
        parse_object(raw)
    assert caught.value.errors == ((path, "must not contain a lone surrogate"),)


def test_whole_pairs_and_far_characters_pass() -> None:
    """Emoji are text."""
    assert parse_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}
    assert parse_object('{"a":"😀"}'.encode()) == {"a": "😀"}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_refusal(raw: bytes) -> None:
    """Nothing that comes in ends in an unexpected exception."""
    with contextlib.suppress(Malformed, Invalid):
        assert isinstance(parse_object(raw), dict)


async def test_no_body_is_an_empty_object() -> None:
    """A command without fields needs no body."""
    assert await read_object(request(b"", {})) == {}
    assert await read_object(request(b"", JSON)) == {}


async def test_an_announced_length_over_the_limit_is_refused_unread() -> None:
    """A megabyte is not received just to be thrown away."""

    async def receive() -> Any:
        raise AssertionError("nothing may be read")

    raw = [(b"content-length", str(MAX_BODY_BYTES + 1).encode())]
    with pytest.raises(TooLarge):
        await read_bytes(Request({"type": "http", "method": "POST", "headers": raw}, receive))


async def test_a_body_without_length_is_cut_at_the_limit() -> None:
    """Chunked bodies announce nothing."""
    with pytest.raises(TooLarge):
        await read_bytes(request(b"x" * (MAX_BODY_BYTES + 1), JSON))
    whole = await read_bytes(request(b"x" * MAX_BODY_BYTES, JSON))
    assert len(whole) == MAX_BODY_BYTES


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": ""},
        {},
        {**JSON, "content-encoding": "gzip"},
        {**JSON, "content-encoding": "identity, gzip"},
    ],
)
async def test_another_type_is_refused(headers: dict[str, str]) -> None:
    """Only JSON in UTF-8 is read, so no HTML form can write."""
    with pytest.raises(UnsupportedType):
        await read_object(request(b"{}", headers))


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; Charset=UTF-8"])
async def test_json_by_any_spelling_is_read(kind: str) -> None:
    """Media types have no case (RFC 9110 section 8.3.1)."""
    assert await read_object(request(b'{"a":1}', {"content-type": kind}, chunk=2)) == {"a": 1}


async def test_every_field_of_codings_counts() -> None:
    """Two fields are one list (RFC 9110 section 5.3); one that names no coding is none."""
    fields = {**JSON, "content-encoding": "Identity, "}
    assert await read_object(request(b"{}", fields)) == {}
    twice = request(b"{}", fields)
    twice.scope["headers"].append((b"content-encoding", b"gzip"))
    with pytest.raises(UnsupportedType):
        await read_object(twice)


async def test_a_form_is_read() -> None:
    """The password grant comes as a form."""
    body = b"username=ann&password=a%20b%C3%A9+c"
    assert await read_form(request(body, FORM)) == {"username": "ann", "password": "a bé c"}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=%ff", b"a", b"a=1&" * 30 + b"a=1", b"\xff=1"])
async def test_a_form_that_can_be_read_two_ways_is_malformed(body: bytes) -> None:
    """As strict as with JSON."""
    with pytest.raises(Malformed):
        await read_form(request(body, FORM))
