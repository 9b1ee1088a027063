"""Rank what can be done now, in whole points, each with its reason.

The score of a todo is the sum of

- *due*: 0 two weeks ahead, rising by the hour to 100 when it is due, and on to 150 a week later;
- *priority*: 0, 10, 30 or 60;
- *unblocks*: 2 for each todo that waits for it, at most 10; by how much the earliest date and the
  highest priority of those are worth more than its own; and 10 for each person who waits, other
  than the asker, at most 30;
- *assigned*: 40 when the asker is among its assignees;
- *age*: 1 for every three days since it was created, at most 20.

Candidates are open todos that wait for no open one, in lists where the asker may write, assigned to
nobody or to the asker among others. The order is by score, highest first; then by due date,
earliest first and none last; then by creation; then by id. All arithmetic is of whole numbers that
are not negative where they are divided, so that it comes out the same in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from store.graph.answers import Reason, Recommendation
from store.graph.pulls import NOTHING, Pull

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "AGE_DAYS",
    "AGE_MOST",
    "ASSIGNED",
    "DAY_MS",
    "DUE",
    "DUE_HOURS",
    "HOUR_MS",
    "OVERDUE",
    "OVERDUE_HOURS",
    "PEOPLE_MOST",
    "PERSON",
    "PRIORITY",
    "UNBLOCKED",
    "UNBLOCKED_MOST",
    "Candidate",
    "due_points",
    "order_of",
    "recommendation",
    "score_of",
]

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
DUE: Final = 100
DUE_HOURS: Final = 14 * 24
OVERDUE: Final = 50
OVERDUE_HOURS: Final = 7 * 24
PRIORITY: Final = (0, 10, 30, 60)
UNBLOCKED: Final = 2
UNBLOCKED_MOST: Final = 10
PERSON: Final = 10
PEOPLE_MOST: Final = 30
ASSIGNED: Final = 40
AGE_DAYS: Final = 3
AGE_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold what is ranked of a todo; ``mine``: the asker is assigned."""

    todo_id: UUID
    list_id: UUID
    due: int | None
    priority: int
    created: int
    mine: bool
    pull: Pull = NOTHING


def due_points(due: int | None, now: int) -> int:
    """Give the points of a due date; both in milliseconds since 1970."""
    if due is None:
        return 0
    if due >= now:
        hours = (due - now) // HOUR_MS
        return 0 if hours >= DUE_HOURS else DUE * (DUE_HOURS - hours) // DUE_HOURS
    over = (now - due) // HOUR_MS
    return DUE + (OVERDUE if over >= OVERDUE_HOURS else OVERDUE * over // OVERDUE_HOURS)


def score_of(candidate: Candidate, asker: str, now: int) -> int:
    """Give the sum of the points."""
    return sum(_points(candidate, asker, now).values())


def order_of(candidate: Candidate, score: int) -> tuple[int, bool, int, int, str]:
    """Give a key by which the best comes first."""
    due = candidate.due
    return (-score, due is None, due or 0, candidate.created, str(candidate.todo_id))


def recommendation(candidate: Candidate, asker: str, now: int) -> Recommendation:
    """Recommend a candidate, with the reasons that are worth something."""
    points = _points(candidate, asker, now)
    facts: Mapping[str, Mapping[str, object]] = {
        "due": {"due_in_hours": _hours(candidate.due, now)},
        "priority": {"priority": ("none", "low", "medium", "high")[candidate.priority]},
        "unblocks": {
            "todos": candidate.pull.count,
            "people": _others(candidate.pull, asker),
            "due_in_hours": _hours(candidate.pull.due, now),
        },
        "assigned": {},
        "age": {"days": max(0, now - candidate.created) // DAY_MS},
    }
    reasons = tuple(Reason(kind, worth, facts[kind]) for kind, worth in points.items() if worth)
    return Recommendation(candidate.todo_id, candidate.list_id, sum(points.values()), reasons)


def _points(candidate: Candidate, asker: str, now: int) -> dict[str, int]:
    own_due = due_points(candidate.due, now)
    own_priority = PRIORITY[candidate.priority]
    pull = candidate.pull
    unblocks = (
        min(UNBLOCKED_MOST, UNBLOCKED * pull.count)
        + max(0, due_points(pull.due, now) - own_due)
        + max(0, PRIORITY[pull.priority] - own_priority)
        + min(PEOPLE_MOST, PERSON * _others(pull, asker))
    )
    return {
        "due": own_due,
        "priority": own_priority,
        "unblocks": unblocks,
        "assigned": ASSIGNED if candidate.mine else 0,
        "age": min(AGE_MOST, max(0, now - candidate.created) // (AGE_DAYS * DAY_MS)),
    }


def _others(pull: Pull, asker: str) -> int:
    return len(pull.people) - (asker in pull.people)


def _hours(due: int | None, now: int) -> int | None:
    """Give the whole hours until then, negative when it is over; None: there is no date."""
    if due is None:
        return None
    return (due - now) // HOUR_MS if due >= now else -((now - due) // HOUR_MS)
