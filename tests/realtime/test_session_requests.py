"""What a client may ask for once it is connected, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from realtime import codes
from realtime.effects import (
    Done,
    Failed,
    Leave,
    ReadHistory,
    Send,
    Signal,
)
from tests.realtime.makers import (
    CHANNEL,
    LIST,
    LOG,
    OTHER,
    SIGNALS,
    USER,
    error_of,
    follow,
    only,
    opened,
    sent,
    uuid_text,
)

# --- channels ---


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("all", 105),
        (f"user:{USER}", 105),
        (f"user:{OTHER}", 105),
        ("", 102),
        ("list:1", 102),
        ("control", 102),
        ("news", 102),
        (f"list:{str(LIST).upper().replace('0', 'A')}", 102),
        ("signals:x", 102),
    ],
)
def test_channels_that_cannot_be_subscribed(channel: str, code: int) -> None:
    """Server-side ones are subscribed already; other names are unknown."""
    assert error_of(opened().say({"id": 2, "subscribe": {"channel": channel}})) == code


def test_a_channel_is_subscribed_once() -> None:
    """Until it is left, or was ended by the server."""
    talk = opened()
    follow(talk)
    follow(talk, SIGNALS)
    assert error_of(talk.say({"id": 3, "subscribe": {"channel": CHANNEL}})) == 105
    assert error_of(talk.say({"id": 3, "subscribe": {"channel": SIGNALS}})) == 105
    assert talk.say({"id": 4, "unsubscribe": {"channel": CHANNEL}})[0] == Leave(CHANNEL)
    follow(talk)
    [push] = sent(talk.session.unsubscribed(CHANNEL, codes.REMOVED))
    assert push["push"]["unsubscribe"] == {"code": 2000, "reason": "removed"}
    assert talk.session.unsubscribed(CHANNEL, codes.REMOVED) == []
    follow(talk)


def test_a_connection_has_at_most_128_subscriptions() -> None:
    """The next one is refused, until one is left."""
    talk = opened()
    for number in range(100, 228):
        follow(talk, f"list:{uuid_text(number)}")
    assert error_of(talk.say({"id": 3, "subscribe": {"channel": CHANNEL}})) == 106


def test_what_a_subscribe_may_not_ask_for() -> None:
    """A tag filter is a bad request, other kinds are not available."""
    talk = opened()
    assert error_of(talk.say({"id": 2, "subscribe": {"channel": CHANNEL, "tf": {}}})) == 107
    assert error_of(talk.say({"id": 2, "subscribe": {"channel": CHANNEL, "type": 1}})) == 108
    assert error_of(talk.say({"id": 2, "sub_refresh": {"channel": CHANNEL}})) == 108


def test_unsubscribe_always_succeeds() -> None:
    """Whatever the channel; the server-side ones stay."""
    talk = opened()
    for channel in (CHANNEL, "all", f"user:{USER}", "nonsense"):
        effects = talk.say({"id": 2, "unsubscribe": {"channel": channel}})
        assert effects == [Send(b'{"id":2,"unsubscribe":{}}')]


# --- rpc, publish, history, presence ---


def test_an_rpc_is_a_closed_model() -> None:
    """Unknown methods are 104, bad data 422: the connection stays."""
    talk = opened()
    assert error_of(talk.say({"id": 2, "rpc": {"method": "todo.explode", "data": {}}})) == 104
    bad: tuple[Any, ...] = (None, [], {}, {"list_id": str(LIST), "title": "x", "evil": 1},
                 {"list_id": 5, "title": "x"}, {"list_id": str(LIST), "title": None},
                 {"list_id": str(LIST), "title": "a\x00b"})  # fmt: skip
    for data in bad:
        assert error_of(talk.say({"id": 2, "rpc": {"method": "todo.create", "data": data}})) == 422
    text = '{"list_id":"' + str(LIST) + '","title":"\\ud800"}'
    frame = '{"id":9,"rpc":{"method":"todo.create","data":' + text + "}}"
    assert error_of(talk.session.receive(frame.encode(), talk.now)) == 422


def test_a_signal_is_a_closed_model_too() -> None:
    """Three types, a todo, any small detail."""
    talk = opened()
    good = {"type": "cursor", "todo_id": str(LIST), "detail": {"at": [1, 2.5, None, "x"]}}
    signal = only(talk.say({"id": 2, "publish": {"channel": SIGNALS, "data": good}}))
    assert isinstance(signal, Signal)
    assert signal.list_id == LIST
    assert sent(talk.complete(signal, Done())) == [{"id": 2, "publish": {}}]
    for bad in (
        None,
        {},
        {"type": "shout"},
        {"type": "typing", "extra": 1},
        {"type": "typing", "todo_id": 5},
        {"type": "typing", "detail": "x" * 511},
        {"type": "typing", "detail": 10**400},
    ):
        assert error_of(talk.say({"id": 2, "publish": {"channel": SIGNALS, "data": bad}})) == 422
    data = '{"type":"typing","detail":1e400}'
    frame = '{"id":2,"publish":{"channel":"' + SIGNALS + '","data":' + data + "}}"
    assert error_of(talk.session.receive(frame.encode(), talk.now)) == 422
    for channel in (CHANNEL, "all", "nonsense"):
        assert error_of(talk.say({"id": 2, "publish": {"channel": channel, "data": good}})) == 103


def test_history_is_bounded_and_one_s_own() -> None:
    """Lists (checked by the read), all, and one's own inbox."""
    talk = opened()
    read = only(talk.say({"id": 2, "history": {"channel": CHANNEL, "limit": 10_000}}))
    assert read == ReadHistory(read.ticket, LOG, None, 500, reverse=False)
    talk.complete(read, Failed(codes.UNRECOVERABLE_POSITION))
    for channel in ("all", f"user:{USER}"):
        read = only(talk.say({"id": 2, "history": {"channel": channel}}))
        assert isinstance(read, ReadHistory)
        talk.complete(read, Failed(codes.INTERNAL))
    assert error_of(talk.say({"id": 2, "history": {"channel": f"user:{OTHER}"}})) == 103
    assert error_of(talk.say({"id": 2, "history": {"channel": SIGNALS}})) == 108
    assert error_of(talk.say({"id": 2, "history": {"channel": "x"}})) == 102
    assert error_of(talk.say({"id": 2, "history": {"channel": CHANNEL, "limit": -1}})) == 107


def test_presence_is_of_lists() -> None:
    """Nobody learns who is connected at all."""
    talk = opened()
    for channel, code in (("all", 108), (f"user:{USER}", 108), (SIGNALS, 108), ("x", 102)):
        for name in ("presence", "presence_stats"):
            assert error_of(talk.say({"id": 2, name: {"channel": channel}})) == code


def test_send_is_accepted_and_an_unknown_command_answered() -> None:
    """Neither closes the connection."""
    talk = opened()
    assert talk.say({"send": {"data": {"a": 1}}}, {"id": 3, "send": {}}) == []
    assert error_of(talk.say({"id": 2, "map_publish": {}})) == 104
