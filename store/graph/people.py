"""Say whom to invite to a list and whom to assign there, in whole points with their reasons.

*Invite*: people who share lists with the asker and are not in this one. 10 points for each list
shared with the asker, at most 50; 5 for each other member of this list whom they meet in the lists
that the asker is in, at most 25.

*Assign*: members who may write. 5 points for each todo of this list that they completed and that
shares a term or a label with one that is ready and nobody's, at most 50; 1 for each other one
they completed, at most 20; 3 off for each open one they are assigned to, at most 30.

Best first, equals by username; whoever has no points at all is left out of *assign*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from store.graph.answers import PersonHint, Reason

__all__ = ["Meeting", "Work", "assignments", "invitations"]

_SHARED: Final = (10, 50)
_COLLEAGUE: Final = (5, 25)
_SIMILAR: Final = (5, 50)
_OTHER: Final = (1, 20)
_LOAD: Final = (3, 30)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Count where someone is met: lists shared with the asker, and members of the list there."""

    lists: int
    colleagues: int


@dataclass(frozen=True, slots=True)
class Work:
    """Count a member's todos in the list: completed similar ones, completed others, open ones."""

    similar: int
    other: int
    open: int


def invitations(meetings: Mapping[str, Meeting], limit: int) -> tuple[PersonHint, ...]:
    """Rank people who are not in the list. Pure."""
    return _best(
        (
            (
                name,
                _reasons(
                    ("shares_lists", _worth(_SHARED, met.lists), {"lists": met.lists}),
                    (
                        "knows_members",
                        _worth(_COLLEAGUE, met.colleagues),
                        {"people": met.colleagues},
                    ),
                ),
            )
            for name, met in meetings.items()
        ),
        limit,
    )


def assignments(work: Mapping[str, Work], limit: int) -> tuple[PersonHint, ...]:
    """Rank members who may write. Pure."""
    return _best(
        (
            (name, reasons)
            for name, done in work.items()
            if (
                reasons := _reasons(
                    ("did_similar", _worth(_SIMILAR, done.similar), {"todos": done.similar}),
                    ("did_others", _worth(_OTHER, done.other), {"todos": done.other}),
                    ("is_busy", -_worth(_LOAD, done.open), {"todos": done.open}),
                )
            )
        ),
        limit,
    )


def _worth(rule: tuple[int, int], count: int) -> int:
    each, most = rule
    return min(most, each * count)


def _reasons(*all_of_them: tuple[str, int, Mapping[str, object]]) -> tuple[Reason, ...]:
    return tuple(Reason(*one) for one in all_of_them if one[1])


def _best(found: Iterable[tuple[str, tuple[Reason, ...]]], limit: int) -> tuple[PersonHint, ...]:
    hints = [
        PersonHint(name, sum(reason.points for reason in reasons), reasons)
        for name, reasons in found
    ]
    hints.sort(key=lambda hint: (-hint.score, hint.username))
    return tuple(hints[:limit])
