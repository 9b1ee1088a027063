"""The wire format, byte for byte: what the contract shows is what is sent."""

from __future__ import annotations

import json
from typing import Any

from realtime import codes
from realtime.codes import ErrorCode
from realtime.effects import (
    AskPresence,
    Authenticate,
    Authenticated,
    Carried,
    Execute,
    Failed,
    Follow,
    Followed,
    Join,
    Joined,
    Present,
    ReadHistory,
    Send,
    Told,
)
from realtime.encoding import Address
from realtime.encoding_json import JSON
from realtime.presence import ClientInfo
from realtime.subscription import Recovery, Start
from tests.realtime.makers import CHANNEL, LIST, USER, Talk, credentials, pub

BOB = ClientInfo("c2", "u2", "bob")
ANN = ClientInfo("c2", "u2", "ann")


def _last(effects: Any) -> bytes:
    [send] = [effect for effect in effects if isinstance(effect, Send)]
    return bytes(send.message)


def _connected() -> Talk:
    talk = Talk()
    talk.open()
    return talk


def _subscribe(start: Start, **body: Any) -> bytes:
    talk = _connected()
    [ask] = talk.say({"id": 2, "subscribe": {"channel": CHANNEL, **body}})
    assert isinstance(ask, Follow)
    return _last(talk.complete(ask, Followed(start)))


def test_connect() -> None:
    """The reply names the client, when to refresh, how often to expect pings, and both channels."""
    talk = Talk()
    [ask] = talk.say({"id": 1, "connect": {"token": "t", "name": "js", "version": "5.8"}})
    assert ask == Authenticate(1, "t")
    [join] = talk.complete(ask, Authenticated(credentials(), 1_800.0))
    assert isinstance(join, Join)
    assert [log.channel for log in join.logs] == [f"user:{USER}", "all"]
    effects = talk.complete(join, Joined({"user:u1": Start("e", 5), "all": Start("e", 2)}))
    assert _last(effects) == (
        b'{"id":1,"connect":{"client":"c1","version":"1.0","expires":true,"ttl":1740,"ping":25,'
        b'"pong":true,"subs":{"user:u1":{"recoverable":true,"positioned":true,"epoch":"e",'
        b'"offset":5},"all":{"recoverable":true,"positioned":true,"epoch":"e","offset":2}}}}'
    )


def test_connect_on_a_stream() -> None:
    """Only there the reply says where commands go."""
    talk = Talk()
    talk.session.address = Address("s", "r1")
    assert _last(talk.open()) == (
        b'{"id":1,"connect":{"client":"c1","version":"1.0","expires":true,"ttl":1740,"ping":25,'
        b'"pong":true,"subs":{"user:00000000-0000-4000-8000-00000000000a":{"recoverable":true,'
        b'"positioned":true,"epoch":"e","offset":5},"all":{"recoverable":true,"positioned":true,'
        b'"epoch":"e","offset":2}},"session":"s","node":"r1"}}'
    )


def test_connect_resumes_the_server_side_channels() -> None:
    """``subs`` in the command says where from; those to be recovered are handed on."""
    talk = Talk()
    subs = {"all": {"recover": True, "epoch": "e", "offset": 2}, "user:x": {"offset": 3}}
    [ask] = talk.say({"id": 1, "connect": {"token": "t", "subs": subs}})
    [join] = talk.complete(ask, Authenticated(credentials(), 1_800.0))
    assert isinstance(join, Join)
    assert join.resume == {"all": Recovery("e", 2)}


def test_subscribe() -> None:
    """A first subscribe answers with the head."""
    assert _subscribe(Start("e", 42)) == (
        b'{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"e","offset":42}}'
    )


def test_subscribe_recovered() -> None:
    """A recovered one answers with the position asked for and the first missed entries."""
    start = Start("e", 42, recovered=True, publications=[pub(43)])
    assert _subscribe(start, recover=True, epoch="e", offset=42) == (
        b'{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"e","offset":42,'
        b'"was_recovering":true,"recovered":true,'
        b'"publications":[{"data":{"type":"todo.deleted"},"offset":43}]}}'
    )


def test_subscribe_not_recovered() -> None:
    """One that cannot be recovered says so, with the head of the new epoch."""
    start = Start("e2", 99, recovered=False)
    assert _subscribe(start, recover=True, epoch="e", offset=42) == (
        b'{"id":2,"subscribe":{"recoverable":true,"positioned":true,"epoch":"e2","offset":99,'
        b'"was_recovering":true,"recovered":false}}'
    )


def test_subscribe_refused_as_unrecoverable() -> None:
    """With flag 2 it is an error instead."""
    talk = _connected()
    [ask] = talk.say(
        {"id": 2, "subscribe": {"channel": CHANNEL, "recover": True, "offset": 42, "flag": 3}}
    )
    assert isinstance(ask, Follow)
    assert ask.recovery == Recovery("", 42, reject=True)
    assert _last(talk.complete(ask, Failed(codes.UNRECOVERABLE_POSITION))) == (
        b'{"id":2,"error":{"code":112,"message":"unrecoverable position"}}'
    )


def test_publication() -> None:
    """A push holds the entry as stored, and its offset beside it."""
    assert JSON.publication(pub(44, "todo.created")) == (
        b'{"push":{"channel":"%b","pub":{"data":{"type":"todo.created"},"offset":44}}}'
        % CHANNEL.encode()
    )


def test_join_and_leave() -> None:
    """Joins and leaves tell the connection and whose it is."""
    assert JSON.join_push("list:L", ANN) == (
        b'{"push":{"channel":"list:L","join":{"info":{"client":"c2","user":"u2",'
        b'"conn_info":{"username":"ann"}}}}}'
    )
    assert b'"leave":{"info":{"client":"c2"' in JSON.leave_push("list:L", ANN)


def test_unsubscribe_push() -> None:
    """The server ends a subscription with code and reason."""
    assert JSON.unsubscribe_push("list:L", codes.REMOVED) == (
        b'{"push":{"channel":"list:L","unsubscribe":{"code":2000,"reason":"removed"}}}'
    )


def test_signal() -> None:
    """A signal has no offset and says who sent it."""
    assert JSON.signal_push("signals:L", b'{"type":"typing"}', BOB) == (
        b'{"push":{"channel":"signals:L","pub":{"data":{"type":"typing"},"info":{"client":"c2",'
        b'"user":"u2","conn_info":{"username":"bob"}}}}}'
    )


def test_rpc() -> None:
    """An rpc's data is the HTTP body; a refusal is its status and stable word."""
    talk = _connected()
    for outcome, answer in (
        (Carried(b'{"todo":{},"epoch":"e","offset":44}'),
         b'{"id":3,"rpc":{"data":{"todo":{},"epoch":"e","offset":44}}}'),
        (Failed(ErrorCode(412, "stale")), b'{"id":3,"error":{"code":412,"message":"stale"}}'),
        (Failed(codes.INTERNAL),
         b'{"id":3,"error":{"code":100,"message":"internal error","temporary":true}}'),
    ):  # fmt: skip
        data = {"list_id": str(LIST), "title": "milk", "op": str(LIST)}
        [ask] = talk.say({"id": 3, "rpc": {"method": "todo.create", "data": data}})
        assert isinstance(ask, Execute)
        assert _last(talk.complete(ask, outcome)) == answer


def test_presence() -> None:
    """Presence is by client id; the stats count people once."""
    talk = _connected()
    [ask] = talk.say({"id": 4, "presence": {"channel": CHANNEL}})
    assert isinstance(ask, AskPresence)
    assert _last(talk.complete(ask, Present([ANN]))) == (
        b'{"id":4,"presence":{"presence":{"c2":{"client":"c2","user":"u2",'
        b'"conn_info":{"username":"ann"}}}}}'
    )
    [ask] = talk.say({"id": 5, "presence_stats": {"channel": CHANNEL}})
    infos = [ANN, ClientInfo("c3", "u2", "ann")]
    assert _last(talk.complete(ask, Present(infos))) == (
        b'{"id":5,"presence_stats":{"num_clients":2,"num_users":1}}'
    )


def test_history() -> None:
    """History gives publications, or only the position."""
    talk = _connected()
    [ask] = talk.say({"id": 5, "history": {"channel": CHANNEL, "limit": 10}})
    assert isinstance(ask, ReadHistory)
    assert _last(talk.complete(ask, Told("e", 44, [pub(43)]))) == (
        b'{"id":5,"history":{"epoch":"e","offset":44,'
        b'"publications":[{"data":{"type":"todo.deleted"},"offset":43}]}}'
    )
    [ask] = talk.say({"id": 6, "history": {"channel": CHANNEL}})
    assert _last(talk.complete(ask, Told("e", 44, None))) == (
        b'{"id":6,"history":{"epoch":"e","offset":44}}'
    )


def test_refresh() -> None:
    """A fresh token is answered with its time."""
    talk = _connected()
    [ask] = talk.say({"id": 6, "refresh": {"token": "t2"}})
    assert _last(talk.complete(ask, Authenticated(credentials(), 1_800.0))) == (
        b'{"id":6,"refresh":{"expires":true,"ttl":1740}}'
    )


def test_ping() -> None:
    """The server's ping is an empty object."""
    assert JSON.ping == b"{}"


def test_every_message_is_one_line_of_json() -> None:
    """Messages are joined by newlines, so none may hold one."""
    for message in (
        JSON.error_reply(1, codes.INTERNAL),
        JSON.signal_push("signals:L", b"{}", ClientInfo("c", "u", "line\nbreak")),
        JSON.publication(pub(1)),
    ):
        assert b"\n" not in message
        json.loads(message)


def test_every_reason_is_told_and_fits_a_close_frame() -> None:
    """Closes and unsubscribes have a plain-text reason of at most 123 bytes."""
    kinds = (codes.CloseCode, codes.UnsubscribeCode)
    said = [value for value in vars(codes).values() if isinstance(value, kinds)]
    assert len(said) > 10
    for code in said:
        assert 0 < len(code.reason.encode()) <= codes.MAX_REASON_BYTES


def test_codes_that_sdks_would_give_up_on_are_marked_temporary() -> None:
    """100, 111 and 113 are always temporary."""
    errors = [value for value in vars(codes).values() if isinstance(value, ErrorCode)]
    for error in errors:
        assert error.temporary == (error.code in {100, 111, 113})
