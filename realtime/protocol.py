"""Read what clients say: the Centrifugo client protocol, version 2, as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jiter

from realtime.command import (
    Connect,
    History,
    Message,
    Ping,
    Pong,
    Presence,
    Publish,
    Refresh,
    Rpc,
    Send,
    SubRefresh,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from realtime.encoding import MAX_COMMANDS, BadFrame, TooManyCommands
from realtime.subscription import Recovery

__all__ = ["REJECT_UNRECOVERED", "parse_frame", "read_value"]

MAX_ID = 2**32 - 1  # uint32 in the protocol's schema
REJECT_UNRECOVERED = 2  # the flag bit by which SDKs with getState want error 112

# A pair of surrogate escapes, a lone one, or any other escape: consumed in this order, a backslash
# that is itself escaped is never taken for the beginning of one.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)


def parse_frame(frame: bytes) -> list[Message]:
    """Read the commands of one text frame (UTF-8), in order.

    Commands are joined by newlines. Unknown fields are ignored; known ones of the wrong type,
    anything that is not a JSON object, duplicate keys, NaN and deep nesting raise ``BadFrame``.
    """
    lines = [line for line in frame.split(b"\n") if line and not line.isspace()]
    if len(lines) > MAX_COMMANDS:
        raise TooManyCommands(f"more than {MAX_COMMANDS}")
    messages = [_parse_line(line) for line in lines]
    if not messages:
        raise BadFrame("an empty frame")
    return messages


def _parse_line(line: bytes) -> Message:
    command, surrogate = read_value(line)
    if not isinstance(command, dict):
        raise BadFrame("not an object")
    message = _command(command, surrogate=surrogate)
    if surrogate and not isinstance(message, Rpc | Publish):
        raise BadFrame("a lone surrogate")
    return message


def read_value(text: bytes) -> tuple[Any, bool]:
    """Read one JSON value, and tell whether it held a lone surrogate (in whose place is U+FFFD).

    Raises ``BadFrame`` for what is no JSON, duplicate keys, NaN and deep nesting.
    """
    try:
        return _load(text), False
    except ValueError as error:
        # A lone surrogate inside the data of an rpc is bad data, not a bad frame: look again
        # without it, so that the command can be answered.
        mended, surrogate = _without_surrogates(text)
        if not surrogate:
            raise BadFrame(str(error)) from error
        try:
            return _load(mended), True
        except ValueError as again:
            raise BadFrame(str(again)) from again


def _load(line: bytes) -> Any:
    # jiter's nesting limit is 200 levels; it raises ValueError beyond, never RecursionError.
    return jiter.from_json(line, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")


def _without_surrogates(line: bytes) -> tuple[bytes, bool]:
    found = False

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal found
        if match["lone"] is None:
            return match[0]
        found = True
        return b"\\ufffd"

    return _ESCAPE.sub(replace, line), found


def _command(command: dict[str, Any], *, surrogate: bool) -> Message:
    if not command:
        return Pong()
    number = command.get("id", 0)
    if type(number) is not int or not 0 <= number <= MAX_ID:
        raise BadFrame("an id that is no number")
    for name, read in _READERS.items():
        body = command.get(name)
        if body is None:
            continue
        if not isinstance(body, dict):
            raise BadFrame(f"{name} is not an object")
        if number == 0 and name != "send":
            raise BadFrame(f"{name} without an id")
        return read(number, _Fields(body, surrogate=surrogate))
    if number == 0:
        raise BadFrame("a command without an id")
    return Unknown(number)


class _Fields:
    """Read the fields of one command body; a missing or null one is its zero value."""

    __slots__ = ("_body", "surrogate")

    def __init__(self, body: Mapping[str, Any], *, surrogate: bool) -> None:
        self._body = body
        self.surrogate = surrogate

    def text(self, name: str) -> str:
        value = self._body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise BadFrame(f"{name} is not a string")
        return value

    def flag(self, name: str) -> bool:
        value = self._body.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise BadFrame(f"{name} is not a boolean")
        return value

    def number(self, name: str) -> int:
        value = self._body.get(name)
        if value is None:
            return 0
        if type(value) is not int:
            raise BadFrame(f"{name} is not an integer")
        return value

    def child(self, name: str) -> _Fields | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise BadFrame(f"{name} is not an object")
        return _Fields(value, surrogate=self.surrogate)

    def children(self) -> dict[str, _Fields]:
        found = {name: self.child(name) for name in self._body}
        return {name: child for name, child in found.items() if child is not None}

    def raw(self, name: str) -> Any:
        return self._body.get(name)

    def recovery(self, *, may_reject: bool) -> Recovery | None:
        if not self.flag("recover"):
            return None
        flags = self.number("flag")  # of the right type, whether heeded or not
        return self.position(reject=may_reject and bool(flags & REJECT_UNRECOVERED))

    def position(self, *, reject: bool = False) -> Recovery:
        return Recovery(self.text("epoch"), self.number("offset"), reject)


def _connect(number: int, fields: _Fields) -> Message:
    subs = fields.child("subs")
    asked = {} if subs is None else subs.children()
    # What nobody subscribed to can be refused to nobody: it answers ``recovered: false``.
    resumed = {name: child.recovery(may_reject=False) for name, child in asked.items()}
    return Connect(
        number,
        fields.text("token"),
        {name: recovery for name, recovery in resumed.items() if recovery is not None},
    )


def _subscribe(number: int, fields: _Fields) -> Message:
    return Subscribe(
        number,
        fields.text("channel"),
        fields.recovery(may_reject=True),
        join_leave=fields.flag("join_leave"),
        filtered=fields.raw("tf") is not None,
        kind=fields.number("type"),
    )


def _history(number: int, fields: _Fields) -> Message:
    since = fields.child("since")
    return History(
        number,
        fields.text("channel"),
        None if since is None else since.position(),
        limit=fields.number("limit"),
        reverse=fields.flag("reverse"),
    )


def _publish(number: int, fields: _Fields) -> Message:
    return Publish(number, fields.text("channel"), fields.raw("data"), fields.surrogate)


def _rpc(number: int, fields: _Fields) -> Message:
    return Rpc(number, fields.text("method"), fields.raw("data"), fields.surrogate)


_READERS: dict[str, Callable[[int, _Fields], Message]] = {
    "connect": _connect,
    "subscribe": _subscribe,
    "unsubscribe": lambda number, fields: Unsubscribe(number, fields.text("channel")),
    "publish": _publish,
    "presence": lambda number, fields: Presence(number, fields.text("channel")),
    "presence_stats": lambda number, fields: Presence(number, fields.text("channel"), stats=True),
    "history": _history,
    "ping": lambda number, _: Ping(number),
    "send": lambda _, __: Send(),
    "rpc": _rpc,
    "refresh": lambda number, fields: Refresh(number, fields.text("token")),
    "sub_refresh": lambda number, _: SubRefresh(number),
}
