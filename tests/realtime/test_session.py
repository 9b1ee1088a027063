"""One connection's conversation, without a socket."""

from __future__ import annotations

from typing import Any

import pytest

from realtime import codes
from realtime.credentials import Credentials
from realtime.effects import (
    Abandon,
    Authenticate,
    Authenticated,
    Carried,
    Close,
    Execute,
    Failed,
    Follow,
    Followed,
    Join,
    Joined,
    Refused,
    Send,
)
from realtime.encoding import MAX_COMMANDS, Encoding
from realtime.encoding_json import JSON
from realtime.encoding_protobuf import PROTOBUF
from realtime.limits import Limits
from tests.realtime.makers import (
    CHANNEL,
    LIST,
    OTHER,
    START,
    USER,
    Talk,
    closed,
    credentials,
    only,
    opened,
    sent,
    uuid_text,
)

# --- connecting ---


@pytest.mark.parametrize(
    "command",
    [
        {"id": 1, "subscribe": {"channel": CHANNEL}},
        {"id": 1, "rpc": {"method": "todo.create"}},
        {"id": 1, "ping": {}},
        {"send": {"data": 1}},
        {"id": 1, "refresh": {"token": "t"}},
    ],
)
def test_the_first_command_must_be_connect(command: dict[str, Any]) -> None:
    """Anything else is a bad request, and stays away."""
    assert closed(Talk().say(command)) == 3501


def test_a_second_connect_is_a_bad_request() -> None:
    """Also in the same frame."""
    assert closed(opened().say({"id": 2, "connect": {"token": "t"}})) == 3501


def test_nothing_authenticated_in_ten_seconds_is_closed() -> None:
    """The deadline is there from the start, and a connect under way does not move it."""
    talk = Talk()
    assert talk.session.deadline == talk.now + 10.0
    assert talk.tick(9.9) == []
    assert closed(talk.tick(0.1)) == 3000


def test_a_stray_pong_is_ignored_even_before_connect() -> None:
    """It says nothing."""
    assert Talk().say({}) == []
    assert opened().say({}, {}) == []


def test_commands_behind_connect_wait_and_then_run_in_order() -> None:
    """The JavaScript SDK sends connect and all its subscribes in one frame."""
    talk = Talk()
    commands = [{"id": n, "subscribe": {"channel": f"list:{uuid_text(n)}"}} for n in range(2, 5)]
    ask = only(talk.say({"id": 1, "connect": {"token": "t"}}, *commands))
    assert isinstance(ask, Authenticate)
    join = only(talk.complete(ask, Authenticated(credentials(), 1_800.0)))
    effects = talk.complete(join, _joined())
    assert [message["id"] for message in sent(effects)] == [1]
    for number in range(2, 5):
        follow = effects[-1]
        assert isinstance(follow, Follow)
        assert str(follow.log.key) == uuid_text(number)
        effects = talk.complete(follow, Followed(START))
        assert [message["id"] for message in sent(effects)] == [number]


def test_commands_behind_a_refused_connect_are_dropped() -> None:
    """The error is the last thing said; the client is expected to hang up, or is cut."""
    talk = Talk()
    ask = only(
        talk.say({"id": 1, "connect": {"token": "t"}}, {"id": 2, "subscribe": {"channel": CHANNEL}})
    )
    effects = talk.complete(ask, Refused(expired=True))
    assert sent(effects) == [{"id": 1, "error": {"code": 109, "message": "token expired"}}]
    assert len(effects) == 1
    assert talk.say({"id": 3, "connect": {"token": "t"}}) == []
    assert closed(talk.tick(10.0)) == 3000


def test_a_token_that_was_never_good_is_final() -> None:
    """SDKs stay away after 3500."""
    talk = Talk()
    ask = only(talk.say({"id": 1, "connect": {"token": "t"}}))
    assert closed(talk.complete(ask, Refused(expired=False))) == 3500


@pytest.mark.parametrize(
    ("left_s", "ttl"),
    [
        (1_800.0, 1_740),
        (1_799.2, 1_740),
        (100.0, 75),
        (8.0, 6),
        (2.9, 2),
        (1.0, 1),
        (0.0, 1),
    ],
)
def test_the_client_is_told_to_refresh_in_time(left_s: float, ttl: int) -> None:
    """A quarter of the time is kept, at most a minute; at least one second is told."""
    talk = Talk()
    ask = only(talk.say({"id": 1, "connect": {"token": "t"}}))
    join = only(talk.complete(ask, Authenticated(credentials(), left_s)))
    [message] = sent(talk.complete(join, _joined()))
    assert message["connect"]["ttl"] == ttl


def test_a_connect_that_takes_too_long_is_temporary() -> None:
    """SDKs give up at 5 s; the late outcome is passed over."""
    talk = Talk()
    ask = only(talk.say({"id": 1, "connect": {"token": "t"}}))
    join = only(talk.complete(ask, Authenticated(credentials(), 1_800.0)))
    effects = talk.tick(4.0)
    assert effects[0] == Abandon(join.ticket)
    assert sent(effects)[0]["error"]["temporary"] is True
    assert talk.complete(join, _joined()) == []


# --- deadlines ---


def test_a_ping_goes_out_every_25_seconds_and_wants_a_pong() -> None:
    """Whatever the traffic."""
    talk = opened()
    assert talk.session.deadline == talk.now + 25.0
    talk.now += 20.0
    talk.say({"id": 2, "ping": {}})
    assert talk.tick(5.0) == [Send(b"{}")]
    assert talk.session.deadline == talk.now + 10.0
    talk.say({})
    assert talk.session.deadline == talk.now + 25.0
    assert talk.tick(25.0) == [Send(b"{}")]
    talk.say({"id": 3, "ping": {}})  # no pong
    assert closed(talk.tick(10.0)) == 3012


def test_the_pong_of_who_reads_slowly_may_come_later() -> None:
    """10 s after what stood before the ping was taken, but before the next ping."""
    talk = opened()
    talk.session.progressed(talk.now)  # no ping is out
    assert talk.session.deadline == talk.now + 25.0
    assert talk.tick(25.0) == [Send(b"{}")]
    talk.now += 9.0
    talk.session.progressed(talk.now)
    assert talk.tick(9.5) == []
    talk.session.progressed(talk.now)
    assert talk.session.deadline == talk.now + 6.5
    assert closed(talk.tick(6.5)) == 3012


def test_an_expired_token_is_closed_after_a_grace() -> None:
    """25 s past its end; a refresh moves it."""
    talk = opened()
    while talk.now < 100.0 + 1_824.0:
        talk.tick(1.0)
        talk.say({})
    assert closed(talk.tick(1.0)) == 3005


def test_a_refresh_moves_the_end() -> None:
    """The new token's time counts."""
    talk = opened()
    ask = only(talk.say({"id": 2, "refresh": {"token": "t2"}}))
    talk.complete(ask, Authenticated(credentials(life_s=9_000.0), 9_000.0))
    while talk.now < 100.0 + 2_000.0:
        assert closed(talk.tick(1.0)) is None
        talk.say({})


# --- refresh ---


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Refused(expired=True), 3005),
        (Refused(expired=False), 3500),
        (Authenticated(credentials(user=OTHER), 100.0), 3500),
        (Authenticated(credentials(session=OTHER), 100.0), 3500),
    ],
)
def test_only_a_good_token_of_the_same_session_refreshes(outcome: Any, code: int) -> None:
    """Another user's or session's token is as bad as none."""
    talk = opened()
    ask = only(talk.say({"id": 2, "refresh": {"token": "t2"}}))
    assert closed(talk.complete(ask, outcome)) == code


def test_a_refresh_that_cannot_be_judged_now_may_be_tried_again() -> None:
    """The socket stays until its old token ends; nothing is said about the new one."""
    talk = opened()
    before = talk.session.deadline
    ask = only(talk.say({"id": 2, "refresh": {"token": "t2"}}))
    [message] = sent(talk.complete(ask, Failed(codes.INTERNAL)))
    assert message["error"] == {"code": 100, "message": "internal error", "temporary": True}
    assert talk.session.is_open
    assert talk.session.deadline == before


def test_the_fresh_token_is_what_counts_from_then_on() -> None:
    """A revocation compares with the time of the newest token."""
    talk = opened()
    ask = only(talk.say({"id": 2, "refresh": {"token": "t2"}}))
    fresh = Credentials(credentials().actor, 50.0, 1_850.0)
    talk.complete(ask, Authenticated(fresh, 1_800.0))
    assert talk.session.credentials is fresh


# --- order ---


def test_a_command_that_waits_holds_those_behind_it() -> None:
    """Answers come in the order of the commands."""
    talk = opened()
    execute = only(talk.say(_rpc(2), {"id": 3, "ping": {}}))
    assert isinstance(execute, Execute)
    assert talk.say({"id": 4, "ping": {}}) == []
    effects = talk.complete(execute, Carried(b"{}"))
    assert [message["id"] for message in sent(effects)] == [2, 3, 4]


def test_an_outcome_counts_once() -> None:
    """A late or repeated one is passed over."""
    talk = opened()
    execute = only(talk.say(_rpc(2)))
    talk.complete(execute, Carried(b"{}"))
    assert talk.complete(execute, Carried(b"{}")) == []
    follow = only(talk.say({"id": 3, "subscribe": {"channel": CHANNEL}}))
    assert talk.complete(execute, Carried(b"{}")) == []
    assert sent(talk.complete(follow, Followed(START)))


def test_too_many_waiting_commands_close() -> None:
    """The backlog is bounded in number and in bytes; clients come back."""
    talk = opened(Limits(backlog_commands=3))
    talk.say(_rpc(2))
    assert talk.say(*[{"id": n, "ping": {}} for n in range(3, 6)]) == []
    assert closed(talk.say({"id": 6, "ping": {}})) == 3013
    talk = opened(Limits(backlog_bytes=300))
    talk.say(_rpc(2))
    assert closed(talk.say({"id": 3, "rpc": {"method": "x" * 300}})) == 3013


def test_a_held_session_starts_nothing() -> None:
    """Too much waits for the client already."""
    talk = opened()
    talk.session.hold()
    assert talk.say({"id": 2, "ping": {}}) == []
    assert [one["id"] for one in sent(talk.session.release(talk.now))] == [2]


def test_a_subscribe_that_waits_too_long_is_answered_all_the_same() -> None:
    """Error 100, temporary; those behind go on, and the work for it is abandoned."""
    talk = opened()
    execute = only(talk.say(_rpc(2), {"id": 3, "subscribe": {"channel": CHANNEL}}))
    effects = talk.tick(4.0)
    assert [(one["id"], one["error"]["code"]) for one in sent(effects)] == [(3, 100)]
    assert [one["id"] for one in sent(talk.complete(execute, Carried(b"{}")))] == [2]
    follow = only(talk.say({"id": 4, "subscribe": {"channel": CHANNEL}}, {"id": 5, "ping": {}}))
    assert talk.session.deadline == talk.now + 4.0
    effects = talk.tick(4.0)
    assert effects[0] == Abandon(follow.ticket)
    assert [one["id"] for one in sent(effects)] == [4, 5]
    assert CHANNEL not in talk.session.channels


def test_a_closed_session_says_nothing_more() -> None:
    """The work under way is abandoned, everything else ignored."""
    talk = opened()
    execute = only(talk.say(_rpc(2), {"id": 3, "ping": {}}))
    assert talk.session.close(codes.SHUTDOWN) == [Abandon(execute.ticket), Close(codes.SHUTDOWN)]
    assert talk.session.close(codes.SHUTDOWN) == []
    assert talk.complete(execute, Carried(b"{}")) == []
    assert talk.say({"id": 4, "ping": {}}) == []
    assert talk.tick(100.0) == []
    assert talk.session.deadline == float("inf")


# --- frames ---


def test_a_bad_frame_closes() -> None:
    """Bad request stays away: the same frame would come again."""
    assert closed(opened().session.receive(b"[]", 100.0)) == 3501


def test_a_message_may_have_256_kib_and_64_before_connect() -> None:
    """One byte more is too big."""
    pad = '{"id":2,"ping":{"x":"%s"}}'
    for talk, limit in ((Talk(), 64 * 1024), (opened(), 256 * 1024)):
        fits = (pad % ("x" * (limit - len(pad) + 2))).encode()
        assert len(fits) == limit
        assert closed(talk.session.receive(fits, talk.now)) in {None, 3501}
        assert closed(_again(talk).session.receive(fits + b" ", talk.now)) == 1009


def _again(talk: Talk) -> Talk:
    return opened() if talk.session.is_open else Talk()


def _rpc(number: int) -> dict[str, Any]:
    data = {"list_id": str(LIST), "title": "milk"}
    return {"id": number, "rpc": {"method": "todo.create", "data": data}}


def _joined() -> Joined:
    return Joined({f"user:{USER}": START, "all": START})


def test_joining_names_both_channels() -> None:
    """A user's own log and the one for everyone."""
    talk = Talk()
    ask = only(talk.say({"id": 1, "connect": {"token": "t"}}))
    join = only(talk.complete(ask, Authenticated(credentials(), 1_800.0)))
    assert isinstance(join, Join)
    assert [log.channel for log in join.logs] == [f"user:{USER}", "all"]


@pytest.mark.parametrize("encoding", [JSON, PROTOBUF])
def test_the_limits_are_those_of_either_encoding(encoding: Encoding) -> None:
    """Too big before connect and after, too many in one frame, and none at all."""
    limits = Limits(first_frame_bytes=100, frame_bytes=20_000)
    pong = b"{}" if encoding is JSON else b"\x00"
    for said, code in (
        (b"x" * 101, 1009),
        (encoding.separator.join([pong] * 20), None),
        (b"\xff", 3501),
        (b"", 3501),
    ):
        talk = Talk(limits, encoding=encoding)
        assert closed(talk.session.receive(said, talk.now)) == code
    talk = Talk(Limits(), encoding=encoding)
    many = encoding.separator.join([pong] * MAX_COMMANDS)
    assert talk.session.receive(many, talk.now) == []
    assert closed(talk.session.receive(many + encoding.separator + pong, talk.now)) == 3013
