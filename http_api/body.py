"""Read a request's body: bounded, of the right type, and parsed without surprises."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qsl

import jiter
from starlette.requests import Request

from http_api.refusals import Malformed, TooLarge, UnsupportedType
from store.errors import Invalid

__all__ = ["MAX_BODY_BYTES", "parse_object", "read_bytes", "read_form", "read_json", "read_object"]

MAX_BODY_BYTES: Final = 256 * 1024

_MAX_FORM_FIELDS: Final = 20  # the password grant has six


async def read_bytes(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Read the whole body, at most ``limit`` bytes.

    Raises TooLarge as soon as the announced or the received length says so.
    """
    message = f"A body may have at most {limit} bytes."
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(message)
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise TooLarge(message)
    return bytes(received)


async def read_object(request: Request, limit: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Read a JSON object; no body at all is the empty object.

    Raises TooLarge, UnsupportedType, Malformed, or Invalid (a lone surrogate, with its path).
    """
    raw = await read_json(request, limit)
    return parse_object(raw) if raw else {}


async def read_json(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Read a body that claims to be JSON, as it is; no body at all is no bytes.

    Raises TooLarge or UnsupportedType.
    """
    raw = await read_bytes(request, limit)
    if raw or "content-type" in request.headers:
        _check_type(request, "application/json")
    return raw


async def read_form(request: Request, limit: int = MAX_BODY_BYTES) -> dict[str, str]:
    """Read an ``application/x-www-form-urlencoded`` body; each name at most once.

    Raises TooLarge, UnsupportedType or Malformed.
    """
    raw = await read_bytes(request, limit)
    _check_type(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FORM_FIELDS,
        )
    except ValueError as error:
        raise Malformed("The body is not a form.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("The form names a field twice.")
    return fields


def parse_object(raw: bytes) -> dict[str, Any]:
    """Parse strictly: UTF-8, one object, no duplicate keys, no NaN, at most 200 levels deep.

    Most parsers let the last of two equal keys win, and some the first: what one part checked,
    another would not see. Raises Malformed, or Invalid for text with a lone surrogate.
    """
    try:
        value = jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        if "hex escape" in str(error):
            _refuse_surrogates(raw)
        # The parser's words name the key and the place, and never the value.
        raise Malformed(f"The body is not JSON that can be trusted: {error}.") from error
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    return value


def _check_type(request: Request, expected: str) -> None:
    given, _, parameters = ", ".join(request.headers.getlist("content-type")).lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if given.strip() != expected or charset not in {"", "utf-8"}:
        raise UnsupportedType(f"The body must be {expected}, in UTF-8.")
    codings = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    if not {coding.strip() for coding in codings} <= {"", "identity"}:
        raise UnsupportedType("The body must not be compressed.")


def _refuse_surrogates(raw: bytes) -> None:
    """Raise Invalid if the text would be JSON but for half a surrogate pair, naming the path.

    Such text is well-formed JSON (RFC 8259 section 8.2), but no UTF-8 can spell it: 422, not 400.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return
    path = _surrogate_in(value, ())
    if path is not None:
        raise Invalid([(".".join(path), "must not contain a lone surrogate")])


def _surrogate_in(value: Any, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Find the path of the first text with a lone surrogate; a bad key is shown escaped."""
    if isinstance(value, str):
        return path if any("\ud800" <= char <= "\udfff" for char in value) else None
    members: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = [(str(index), member) for index, member in enumerate(value)]
    for key, member in members:
        shown = key.encode("ascii", "backslashreplace").decode()
        if _surrogate_in(key, ()) is not None:
            return (*path, shown)
        found = _surrogate_in(member, (*path, shown))
        if found is not None:
            return found
    return None
