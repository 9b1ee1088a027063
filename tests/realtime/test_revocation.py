"""Ended sessions, remembered as long as a token could outlive them."""

from __future__ import annotations

from uuid import uuid4

from realtime.revocation import Revocation, Revocations, read_revocation
from store.entry import Entry
from store.log_id import LogId
from tests.realtime.makers import OTHER, SESSION, USER


def test_an_ended_session_is_refused_whenever_its_token_was_issued() -> None:
    """Only that one."""
    known = Revocations(100.0)
    known.add(Revocation(USER, SESSION, 50.0))
    assert known.covers(SESSION, USER, 60.0)
    assert not known.covers(uuid4(), USER, 40.0)
    assert not known.covers(None, USER, 40.0)


def test_all_sessions_of_a_user_are_refused_up_to_the_moment() -> None:
    """A token issued afterwards is good; of two such moments the later counts."""
    known = Revocations(100.0)
    known.add(Revocation(USER, None, 50.0))
    known.add(Revocation(USER, None, 40.0))
    assert known.covers(SESSION, USER, 50.0)
    assert not known.covers(SESSION, USER, 50.5)
    assert not known.covers(SESSION, OTHER, 40.0)


def test_what_no_living_token_needs_is_forgotten() -> None:
    """Memory is bounded by the tokens' life."""
    known = Revocations(100.0)
    known.add(Revocation(USER, SESSION, 50.0))
    known.add(Revocation(USER, None, 50.0))
    known.forget(150.0)
    assert known.covers(SESSION, USER, 0.0)
    known.forget(150.1)
    assert not known.covers(SESSION, USER, 0.0)


def test_the_control_log_is_read() -> None:
    """Entries about something else are none."""
    names = f'"session":"{SESSION}","user":"{USER}"'
    data = '{"type":"session.revoked",' + names + ',"at":"1970-01-01T00:01:00.500Z"}'
    found = read_revocation(Entry(LogId.CONTROL, 1, "session.revoked", None, data.encode()))
    assert found is not None
    assert (found.user, found.session, found.at) == (USER, SESSION, 60.5)
    everywhere = data.replace(f'"{SESSION}"', "null").encode()
    found = read_revocation(Entry(LogId.CONTROL, 1, "session.revoked", None, everywhere))
    assert found is not None
    assert found.session is None
    assert read_revocation(Entry(LogId.CONTROL, 1, "other", None, b"{}")) is None
