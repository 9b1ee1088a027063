"""What a request says beside its body: ids, operation ids, conditions, query parameters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request

from http_api.call import Call, parse_if_match, parse_uuid
from http_api.paging import HistoryQuery
from http_api.refusals import Malformed
from http_api.trail import Trail
from store.entry import Position
from store.errors import Invalid, NotFound, Unauthenticated

ID = "0190a6f4-5b7a-7c3e-9f10-2a3b4c5d6e7f"


def call(*, headers: dict[str, str] | None = None, query: bytes = b"", **path: str) -> Call:
    """Make a call without services."""
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {
        "type": "http",
        "method": "POST",
        "headers": raw,
        "query_string": query,
        "path_params": path,
        "client": None,
        "lockstep.trail": Trail("request"),
    }
    nothing: Any = None
    return Call(Request(scope), nothing, None, "request")


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f"{ID}0", 5, None),
        *(f"0x{ID[2:]}", f"+{ID[1:]}", f"{ID[:3]}_{ID[4:]}", f"{ID[:-1]}٣", f"{ID}\n"),
        *(ID.replace("-", "_"), f"{ID[:7]}-{ID[7]}{ID[9:]}", f" {ID[1:]}"),
    ],
)
def test_only_the_usual_spelling_is_an_id(text: object) -> None:
    """One thing, one address; the rest names nothing."""
    assert parse_uuid(text) is None


def test_an_id_has_no_case() -> None:
    """RFC 9562 section 4: output lower case, input either."""
    assert parse_uuid(ID.upper()) == UUID(ID)


def test_what_is_no_id_in_a_path_is_not_found() -> None:
    """A path that cannot name anything answers like one that names nothing."""
    assert call(list_id=ID).path_id("list_id") == UUID(ID)
    with pytest.raises(NotFound):
        call(list_id="1; DROP TABLE lists").path_id("list_id")


def test_the_operation_id_comes_from_either_place() -> None:
    """A header for plain clients, a field for queues."""
    assert call().op({}) is None
    assert call().op({"op": ID}) == ID
    assert call(headers={"Idempotency-Key": ID}).op({}) == ID
    assert call(headers={"Idempotency-Key": f'"{ID}"'}).op({}) == ID
    assert call(headers={"Idempotency-Key": ID}).op({"op": ID.upper()}) == ID


@pytest.mark.parametrize(
    "key", ["", "1", "not-a-uuid", ID + "0", "'" + ID, f'"{ID}', f'{ID}"', f'""{ID}""', '"', "0x"]
)
def test_a_key_that_is_no_uuid_is_invalid(key: str) -> None:
    """Two clients that count from 1 would meet in each other's answers."""
    with pytest.raises(Invalid) as caught:
        call(headers={"Idempotency-Key": key}).op({})
    assert caught.value.errors[0][0] == "Idempotency-Key"


def test_two_different_operation_ids_are_invalid() -> None:
    """It would not be clear which one counts."""
    with pytest.raises(Invalid) as caught:
        call(headers={"Idempotency-Key": ID}).op({"op": ID.replace("7", "8")})
    assert caught.value.errors[0][0] == "op"


def test_if_match_names_a_position() -> None:
    """The ETag of an answer, as it was."""
    assert call().if_match() is None
    position = Position("5f2b9c", 42)
    assert parse_if_match(position.etag) == (position,)
    assert parse_if_match(f" {position.etag} ") == (position,)


def test_if_match_may_name_several_positions() -> None:
    """Any of them will do; weak tags are no match for a write (RFC 9110 section 13.1.1)."""
    tags = ', "5f2b9c-42" ,W/"5f2b9c-43",, "a,b", "d-e-7",'
    assert parse_if_match(tags) == (Position("5f2b9c", 42), Position("d-e", 7))


def test_if_match_in_several_lines_is_one_list() -> None:
    """RFC 9110 section 5.3."""
    request = call()
    request.request.scope["headers"] += [(b"if-match", b'"e-1"'), (b"if-match", b'"e-2"')]
    assert request.if_match() == (Position("e", 1), Position("e", 2))


def test_any_version_is_no_condition() -> None:
    """``*`` asks that the thing exists; every write does."""
    assert parse_if_match("*") is None


@pytest.mark.parametrize(
    "tag",
    [
        'W/"5f2b9c-42"',
        '"5f2b9c"',
        '"-42"',
        '"5f2b9c-"',
        '"x-1e3"',
        '"x-٤"',
        '""',
        '"x-99999999999999999999"',
    ],
)
def test_a_tag_that_is_not_ours_matches_nothing(tag: str) -> None:
    """It is a version that never was, so the write is stale (RFC 9110 section 13.1.1)."""
    assert parse_if_match(tag) == ()


@pytest.mark.parametrize(
    "header", ["", ",", "x", "5f2b9c-42", '"a', '"a" "b"', '"a"b"', '"a", *', 'w/"a"', '"a\t"']
)
def test_a_condition_that_does_not_parse_is_malformed(header: str) -> None:
    """It must not be taken for no condition."""
    with pytest.raises(Malformed):
        parse_if_match(header)


def test_query_parameters_have_defaults() -> None:
    """All of them are optional."""
    query = call().query(HistoryQuery)
    assert (query.since, query.epoch, query.limit) == (0, None, 500)
    query = call(query=b"since=7&epoch=e&limit=1000").query(HistoryQuery)
    assert (query.since, query.epoch, query.limit) == (7, "e", 1000)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        (b"limit=-1", "limit"),
        (b"limit=0", "limit"),
        (b"limit=1001", "limit"),
        (b"limit=1000000000", "limit"),
        (b"limit=1e9", "limit"),
        (b"limit=1_0", "limit"),
        (b"limit=%2B5", "limit"),
        (b"limit=5.0", "limit"),
        (b"limit=", "limit"),
        (b"limit=%D9%A4", "limit"),
        (b"since=9007199254740992", "since"),
        (b"since=" + b"9" * 5000, "since"),
        (b"since=1&since=2", "since"),
        (b"sort=title", "sort"),
        (b"since=1'--", "since"),
    ],
)
def test_a_bad_query_is_invalid_by_name(query: bytes, path: str) -> None:
    """Out of bounds, spelt strangely, twice, or unknown."""
    with pytest.raises(Invalid) as caught:
        call(query=query).query(HistoryQuery)
    assert [found for found, _ in caught.value.errors] == [path]


@pytest.mark.parametrize("query", [b"since=%ff", b"\xff=1", b"&".join([b"a=1"] * 60)])
def test_a_query_that_does_not_parse_is_malformed(query: bytes) -> None:
    """Bytes that are no UTF-8, and floods of parameters."""
    with pytest.raises(Malformed):
        call(query=query).query(HistoryQuery)


def test_a_public_route_knows_nobody() -> None:
    """Who asks without having proved who they are is a mistake of the route."""
    with pytest.raises(Unauthenticated):
        _ = call().actor


def test_an_unknown_address_is_empty() -> None:
    """Behind a Unix socket without forwarding there is none."""
    assert call().address == ""
