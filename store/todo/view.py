"""Say what a command must know of its list, and hold what was loaded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from store.todo.commands import (
    Command,
    ListCreate,
    ListDelete,
    MemberRemove,
    MemberSet,
    TodoAssign,
    TodoBlock,
    TodoCommand,
    TodoCreate,
    TodoMove,
    TodoRestore,
    TodoUnassign,
)

if TYPE_CHECKING:
    from uuid import UUID

    from store.todo.model import ListInfo, Member, Person, Role, Todo
    from store.todo.spread import Crowd

__all__ = ["Needs", "Place", "View", "needs_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """Ask for the room behind the todo ``after``; None: the front, or the end where ``last``."""

    after: UUID | None
    last: bool = False
    moving: UUID | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """List what to load: todos and accounts by name, all members, counts, and a place.

    ``chain`` (start, goal) asks how ``start`` already waits for ``goal``, through ``blocked_by``.
    ``keeper`` asks whose Inbox the list is.
    """

    todos: tuple[UUID, ...] = ()
    usernames: tuple[str, ...] = ()
    everyone: bool = False
    counts: bool = False
    place: Place | None = None
    chain: tuple[UUID, UUID] | None = None
    keeper: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Hold the part of a list that one command depends on, as of ``head``.

    ``people`` are accounts by the name the command spelled; ``members`` those of them (or all, if
    asked for) who are members; ``gap`` the positions that bound the place asked for. ``crowd`` is
    who stands around it, all of them among ``todos``; None: it is not crowded, or the list is
    decided from memory, which leaves crowded places to the rows. ``chain`` is a way from start to
    goal (both included), empty when there is none. ``elsewhere`` are those todos asked for that lie
    in another list of the actor's. Counts are of live todos, members and owners; zero when they
    were not asked for. ``keeper`` is the person whose Inbox the list is; None: it is no Inbox, or
    that was not asked for.
    """

    head: int
    info: ListInfo
    role: Role
    todos: Mapping[UUID, Todo] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    members: Mapping[UUID, Member] = field(default_factory=dict)
    live_count: int = 0
    member_count: int = 0
    owner_count: int = 0
    gap: tuple[str | None, str | None] = (None, None)
    crowd: Crowd | None = None
    chain: tuple[UUID, ...] = ()
    elsewhere: frozenset[UUID] = frozenset()
    keeper: UUID | None = None


def needs_of(command: Command) -> Needs:
    """Say what must be loaded before ``command`` can be decided."""
    if isinstance(command, TodoCreate):
        placed = "after" in command.model_fields_set
        named = [command.after] if command.after else []
        own = [command.id] if command.id else []
        return Needs(
            todos=(*own, *named, *command.blocked_by),
            usernames=command.assignees,
            counts=True,
            place=Place(command.after, last=not placed),
        )
    if isinstance(command, TodoMove):
        named = [command.after] if command.after else []
        return Needs(
            todos=(command.todo_id, *named),
            place=Place(command.after, moving=command.todo_id),
        )
    if isinstance(command, TodoRestore):
        return Needs(todos=(command.todo_id,), counts=True)
    if isinstance(command, TodoAssign | TodoUnassign):
        return Needs(todos=(command.todo_id,), usernames=(command.username,))
    if isinstance(command, TodoBlock):
        return Needs(todos=(command.todo_id, command.by), chain=(command.by, command.todo_id))
    if isinstance(command, TodoCommand):
        return Needs(todos=(command.todo_id,))
    if isinstance(command, MemberSet | MemberRemove):
        return Needs(usernames=(command.username,), counts=True, keeper=True)
    if isinstance(command, ListDelete):
        return Needs(everyone=True)
    if isinstance(command, ListCreate):
        return Needs(counts=True)
    return Needs()
