"""Read what clients say in the protocol's binary form: commands, each after its length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

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
from realtime.protobuf_schema import Command
from realtime.protocol import REJECT_UNRECOVERED, read_value
from realtime.subscription import Recovery

__all__ = ["parse_binary_frame"]

_PONG = Pong()


def parse_binary_frame(frame: bytes) -> list[Message]:
    """Read the commands of one binary frame, in order.

    Each follows its length, a varint. Unknown fields are skipped; a length that is none or too
    long, bytes that are no command, and data that is no JSON raise ``BadFrame``.
    """
    commands = list(islice(_split(frame), MAX_COMMANDS + 1))
    if not commands:
        raise BadFrame("an empty frame")
    if len(commands) > MAX_COMMANDS:
        raise TooManyCommands(f"more than {MAX_COMMANDS}")
    return [_parse(command) for command in commands]


def _split(frame: bytes) -> Iterator[bytes]:
    at, end = 0, len(frame)
    while at < end:
        size = frame[at]
        at += 1
        if size >= 0x80:
            size &= 0x7F
            # Five bytes hold every length that a frame may have; with a sixth it is too long.
            for shift in (7, 14, 21, 28):
                if at == end:
                    raise BadFrame("a length without its end")
                byte = frame[at]
                at += 1
                size |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
            else:
                raise BadFrame("a length that is none")
        if size > end - at:
            raise BadFrame("less than its length says")
        yield frame[at : at + size]
        at += size


def _parse(data: bytes) -> Message:
    if not data:
        return _PONG
    try:
        command = Command.FromString(data)
    except DecodeError as error:
        raise BadFrame(str(error)) from error
    number: int = command.id
    for field, body in command.ListFields():  # in the order of their numbers
        read = _READERS.get(field.name)
        if read is None:
            continue
        if number == 0 and field.name != "send":
            raise BadFrame(f"{field.name} without an id")
        return read(number, body)
    if number == 0:
        raise BadFrame("a command without an id")
    return Unknown(number)


def _recovery(body: Any, *, may_reject: bool) -> Recovery | None:
    if not body.recover:
        return None
    reject = may_reject and bool(body.flag & REJECT_UNRECOVERED)
    return Recovery(body.epoch, body.offset, reject)


def _connect(number: int, body: Any) -> Message:
    resumed = {channel: _recovery(asked, may_reject=False) for channel, asked in body.subs.items()}
    return Connect(
        number,
        body.token,
        {channel: recovery for channel, recovery in resumed.items() if recovery is not None},
    )


def _subscribe(number: int, body: Any) -> Message:
    return Subscribe(
        number,
        body.channel,
        _recovery(body, may_reject=True),
        join_leave=body.join_leave,
        filtered=body.HasField("tf"),
        kind=body.type,
    )


def _history(number: int, body: Any) -> Message:
    since = Recovery(body.since.epoch, body.since.offset) if body.HasField("since") else None
    return History(number, body.channel, since, limit=body.limit, reverse=body.reverse)


def _publish(number: int, body: Any) -> Message:
    data, surrogate = _value(body.data)
    return Publish(number, body.channel, data, surrogate)


def _rpc(number: int, body: Any) -> Message:
    data, surrogate = _value(body.data)
    return Rpc(number, body.method, data, surrogate)


def _value(data: bytes) -> tuple[Any, bool]:
    return read_value(data) if data else (None, False)


_READERS: dict[str, Callable[[int, Any], Message]] = {
    "connect": _connect,
    "subscribe": _subscribe,
    "unsubscribe": lambda number, body: Unsubscribe(number, body.channel),
    "publish": _publish,
    "presence": lambda number, body: Presence(number, body.channel),
    "presence_stats": lambda number, body: Presence(number, body.channel, stats=True),
    "history": _history,
    "ping": lambda number, _: Ping(number),
    "send": lambda _, __: Send(),
    "rpc": _rpc,
    "refresh": lambda number, body: Refresh(number, body.token),
    "sub_refresh": lambda number, _: SubRefresh(number),
}
