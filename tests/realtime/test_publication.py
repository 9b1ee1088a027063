"""An entry as it stands on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from realtime.publication import Publication
from store.entry import Entry
from tests.realtime.makers import LOG

AT = "2026-11-21T20:15:00.123Z"


def publication(**data: object) -> Publication:
    """Make one of an entry with this in it."""
    return Publication(Entry(LOG, 7, "todo.created", None, orjson.dumps(data)))


def test_it_knows_when_its_entry_was_made() -> None:
    """By the entry's own ``at``, not by one that somebody wrote into a text before or after it."""
    forged = '","at":"2001-01-01T00:00:00Z'
    one = publication(
        type="todo.created", actor={"username": forged}, at=AT, todo={"title": forged}
    )
    expected = datetime(2026, 11, 21, 20, 15, 0, 123_000, tzinfo=UTC).timestamp()
    assert one.made_at == pytest.approx(expected)


def test_an_entry_that_does_not_tell_has_no_age() -> None:
    """Nothing is made up for it."""
    assert publication(type="todo.deleted").made_at is None
    assert publication(type="todo.deleted", at="").made_at is None
    assert publication(type="todo.deleted", at="yesterday").made_at is None
