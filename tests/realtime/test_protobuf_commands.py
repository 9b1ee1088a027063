"""Binary frames from clients: the same commands as in JSON, and everything that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtime.command import Connect, Message, Ping, Pong, Rpc, Send, Subscribe, Unknown
from realtime.encoding import BadFrame
from realtime.encoding_json import JSON
from realtime.encoding_protobuf import PROTOBUF
from realtime.subscription import Recovery
from tests.realtime.binary import SDK, commands, prefixed
from tests.realtime.makers import frame

_TEXT = st.text(max_size=20)
_NUMBERS = st.integers(0, 2**32 - 1)
_OFFSETS = st.integers(0, 2**64 - 1)
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_CHANNEL = st.fixed_dictionaries({}, optional={"channel": _TEXT})
_RECOVERY = {
    "recover": st.booleans(),
    "epoch": _TEXT,
    "offset": _OFFSETS,
    "flag": st.integers(-8, 8),
}
_BODIES: dict[str, Any] = {
    "connect": st.fixed_dictionaries(
        {},
        optional={
            "token": _TEXT,
            "name": _TEXT,
            "version": _TEXT,
            "subs": st.dictionaries(_TEXT, st.fixed_dictionaries({}, optional=_RECOVERY)),
        },
    ),
    "subscribe": st.fixed_dictionaries(
        {"channel": _TEXT},
        optional={
            **_RECOVERY,
            "join_leave": st.booleans(),
            "positioned": st.booleans(),
            "recoverable": st.booleans(),
            "tf": st.fixed_dictionaries({}, optional={"op": _TEXT}),
        },
    ),
    "unsubscribe": _CHANNEL,
    "publish": st.fixed_dictionaries({"channel": _TEXT}, optional={"data": _DATA}),
    "presence": _CHANNEL,
    "presence_stats": _CHANNEL,
    "history": st.fixed_dictionaries(
        {"channel": _TEXT},
        optional={
            "limit": st.integers(-(2**31), 2**31 - 1),
            "reverse": st.booleans(),
            "since": st.fixed_dictionaries({}, optional={"offset": _OFFSETS, "epoch": _TEXT}),
        },
    ),
    "ping": st.just({}),
    "send": st.fixed_dictionaries({}, optional={"data": _DATA}),
    "rpc": st.fixed_dictionaries({"method": _TEXT}, optional={"data": _DATA}),
    "refresh": st.fixed_dictionaries({}, optional={"token": _TEXT}),
    "sub_refresh": st.fixed_dictionaries({}, optional={"channel": _TEXT, "token": _TEXT}),
}
_COMMANDS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    [
        st.fixed_dictionaries({"id": st.integers(1, 2**32 - 1), name: body})
        for name, body in _BODIES.items()
    ]
) | st.just({})


@given(st.lists(_COMMANDS, min_size=1, max_size=5))
@example([{}, {"id": 2**32 - 1, "ping": {}}, {}])
def test_a_command_is_the_same_in_both_encodings(said: list[dict[str, Any]]) -> None:
    """Whatever a client says, and however much of it in one frame."""
    assert PROTOBUF.parse(commands(*said)) == JSON.parse(frame(*said))


def test_only_a_subscribe_may_ask_for_the_refusal() -> None:
    """``flag`` 2 in a server-side subscription is ignored: that answers ``recovered: false``."""
    asked = {"recover": True, "epoch": "e", "offset": 3, "flag": 2}
    connect = {"id": 1, "connect": {"token": "t", "subs": {"all": asked}}}
    subscribe = {"id": 2, "subscribe": {"channel": "c", **asked}}
    read = [
        Connect(1, "t", {"all": Recovery("e", 3)}),
        Subscribe(2, "c", Recovery("e", 3, reject=True)),
    ]
    assert PROTOBUF.parse(commands(connect, subscribe)) == read
    assert JSON.parse(frame(connect, subscribe)) == read


def test_a_send_needs_no_id() -> None:
    """It has no answer."""
    assert PROTOBUF.parse(commands({"send": {"data": 1}})) == [Send()]


def test_of_several_requests_in_one_command_the_first_counts() -> None:
    """As in JSON, and as the schema says."""
    both = {"id": 1, "rpc": {"method": "m"}, "subscribe": {"channel": "c"}}
    assert PROTOBUF.parse(commands(both)) == JSON.parse(frame(both)) == [Subscribe(1, "c")]


def test_unknown_fields_are_skipped() -> None:
    """Later protocols may say more than we know, inside of a command and instead of one."""
    subscribe = SDK.Command(id=1, subscribe={"channel": "c"}).SerializeToString()
    later = bytes([0xA2, 0x06, 3]) + b"abc"  # field 100 holds bytes
    assert PROTOBUF.parse(prefixed(subscribe + later)) == [Subscribe(1, "c")]
    assert PROTOBUF.parse(prefixed(b"\x08\x07" + later)) == [Unknown(7)]


def test_a_subscription_of_another_type_is_known_as_such() -> None:
    """Field 15, which the SDK's schema here does not have yet."""
    body = SDK.Command(id=1).SerializeToString() + b"\x2a\x05\x0a\x01c\x78\x04"
    assert PROTOBUF.parse(prefixed(body)) == [Subscribe(1, "c", kind=4)]


@pytest.mark.parametrize("text", ["\\ud800", "x\\udfff", "\\udc00\\ud800"])
def test_a_lone_surrogate_in_data_is_told_from_a_bad_frame(text: str) -> None:
    """The command can be answered: it is read, and marked, as in JSON."""
    data = b'{"title":"%b"}' % text.encode()
    [read] = PROTOBUF.parse(commands({"id": 7, "rpc": {"method": "m", "data": data}}))
    assert isinstance(read, Rpc)
    assert (read.id, read.surrogate) == (7, True)
    assert [read] == JSON.parse(b'{"id":7,"rpc":{"method":"m","data":%b}}' % data)


def test_a_length_may_take_more_bytes_than_it_needs() -> None:
    """Up to five, which hold every length that a frame may have."""
    ping = SDK.Command(id=1, ping={}).SerializeToString()
    assert PROTOBUF.parse(bytes([len(ping) | 0x80, 0]) + ping) == [Ping(1)]
    assert PROTOBUF.parse(bytes([len(ping) | 0x80, 0x80, 0x80, 0x80, 0]) + ping) == [Ping(1)]
    with pytest.raises(BadFrame):
        PROTOBUF.parse(bytes([len(ping) | 0x80, 0x80, 0x80, 0x80, 0x80, 0]) + ping)


_PING = commands({"id": 1, "ping": {}})


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x80",
        b"\xff\xff\xff\xff\x0f",
        b"\xff" * 20,
        b"\x01",
        b"\x05\x08\x01",
        _PING[:-1],
        _PING + b"\x80",
        _PING + b"\x02\x08",
        b"{}",
        b'{"id":1,"ping":{}}',
        prefixed(b"\x08\x00"),
        prefixed(b"\xff\xff\xff\xff"),
        prefixed(b"\x0b" * 200),
        prefixed(b"\x22\xff\xff\xff\xff\x07"),
        prefixed(b"\x08\x01\x2a\x03\x0a\x01\xff"),
        commands({"ping": {}}),
        commands({"connect": {"token": "t"}}),
        commands({"id": 1, "rpc": {"method": "m", "data": b"{"}}),
        commands({"id": 1, "rpc": {"method": "m", "data": b'{"a":1,"a":2}'}}),
        commands({"id": 1, "rpc": {"method": "m", "data": b"NaN"}}),
        commands({"id": 1, "rpc": {"method": "m", "data": b"\xff"}}),
        commands({"id": 1, "rpc": {"method": "m", "data": b" "}}),
        commands({"id": 1, "publish": {"channel": "c", "data": b"[" * 10_000 + b"]" * 10_000}}),
    ],
)
def test_what_is_no_frame_is_refused(said: bytes) -> None:
    """Nothing else than BadFrame comes out, whatever goes in."""
    with pytest.raises(BadFrame):
        PROTOBUF.parse(said)


def _parsed(said: bytes) -> list[Message] | None:
    try:
        return PROTOBUF.parse(said)
    except BadFrame:
        return None


@given(st.binary(max_size=300))
def test_random_bytes_are_commands_or_a_bad_frame(said: bytes) -> None:
    """Never another error, and never commands without end."""
    messages = _parsed(said)
    assert messages is None or 0 < len(messages) <= len(said)


@given(st.lists(_COMMANDS, min_size=1, max_size=3), st.data())
def test_a_damaged_frame_is_commands_or_a_bad_frame(
    said: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Cut off anywhere, or with one byte changed."""
    whole = commands(*said)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    _parsed(whole[:at])
    _parsed(whole[:at] + bytes([byte]) + whole[at + 1 :])


def test_pongs_are_commands_of_no_bytes() -> None:
    """Several in a frame, like any other command."""
    assert PROTOBUF.parse(b"\x00\x00") == [Pong(), Pong()]
    assert json.loads(JSON.ping) == {}
    assert PROTOBUF.ping == b"\x00"
