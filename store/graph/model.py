"""Say what the graph holds of one list, and what a run of its entries changes there.

Times are milliseconds since 1970 in UTC. People are named by their usernames, which never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from store.todo.model import Role

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["PRIORITIES", "Delta", "ListGraph", "Membership", "TodoNode"]

PRIORITIES: Mapping[str, int] = {"none": 0, "low": 1, "medium": 2, "high": 3}
"""The rank of each priority."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Hold that a person is a member; ``user_id`` is their account's."""

    user_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class TodoNode:
    """Hold one todo, of the trash too, with everything that hangs on it.

    ``priority`` is its rank in PRIORITIES. ``completed_by`` may name someone who is no member any
    more. ``blocked_by`` names only todos that exist, whatever their state; what was purged does not
    block. ``terms`` are what the title is about, see store.graph.terms.
    """

    id: UUID
    title: str
    priority: int
    created: int
    created_by: str
    due: int | None = None
    estimate_min: int | None = None
    completed: int | None = None
    completed_by: str | None = None
    deleted: bool = False
    offset: int = 0
    terms: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    assignees: frozenset[str] = frozenset()
    blocked_by: frozenset[UUID] = frozenset()

    @property
    def open(self) -> bool:
        """Tell whether it is still to do: neither completed nor in the trash."""
        return self.completed is None and not self.deleted


@dataclass(frozen=True, slots=True)
class ListGraph:
    """Hold all that the graph knows of one list, as of ``offset``; what a deleted list is: nothing.

    ``todos`` by id, the trash included; ``members`` by username.
    """

    id: UUID
    offset: int
    title: str = ""
    deleted: bool = False
    members: Mapping[str, Membership] = field(default_factory=dict)
    todos: Mapping[UUID, TodoNode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delta:
    """Hold the net effect of a run of one list's entries: those after ``since`` up to ``offset``.

    Everything says how things are afterwards, not by how much they changed, so the parts may be
    applied in the order of the fields. Applying the same run again, or a longer one that begins
    earlier, changes nothing more.

    ``deleted`` True: the list is gone with all that is in it, and the rest is empty. ``members``
    maps a username to the membership, None: not a member. ``unassigned`` people are taken off all
    todos that are there before the run, ahead of everything about todos: those who are members
    again may be among ``assigned``, and in ``made``. ``purged`` todos are gone with all that hangs
    on them, and nothing waits for them any more. ``made`` are new todos, whole, as of the end of
    the run (one that is there already is replaced with all it has; what waits for it still does);
    an id that was purged may be used again and is then in both. ``changed`` maps other todos to
    the fields (of TodoNode, without the sets) that have a new value; ``offset`` is always among
    them. ``terms`` replaces those of a changed todo. ``labels``, ``assigned`` and ``blocked`` map
    (todo, label | username | what it waits for) to whether it is so, for todos not in ``made``.
    Whatever is said of a todo that is not there is dropped.
    A blocker may have been purged, or never have been: then there is nothing to wait for.
    """

    list_id: UUID
    since: int
    offset: int
    deleted: bool = False
    title: str | None = None
    members: Mapping[str, Membership | None] = field(default_factory=dict)
    unassigned: frozenset[str] = frozenset()
    purged: frozenset[UUID] = frozenset()
    made: Mapping[UUID, TodoNode] = field(default_factory=dict)
    changed: Mapping[UUID, Mapping[str, Any]] = field(default_factory=dict)
    terms: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    labels: Mapping[tuple[UUID, str], bool] = field(default_factory=dict)
    assigned: Mapping[tuple[UUID, str], bool] = field(default_factory=dict)
    blocked: Mapping[tuple[UUID, UUID], bool] = field(default_factory=dict)
