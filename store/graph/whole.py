"""See a list as the graph does, all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, overload

from store.graph.model import PRIORITIES, ListGraph, Membership, TodoNode
from store.graph.terms import terms_of

if TYPE_CHECKING:
    from uuid import UUID

    from store.todo.model import ListInfo, Member, Todo

__all__ = ["milliseconds", "todo_node", "whole_list"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@overload
def milliseconds(moment: datetime) -> int: ...


@overload
def milliseconds(moment: datetime | None) -> int | None: ...


def milliseconds(moment: datetime | None) -> int | None:
    """Give a moment (aware) as milliseconds since 1970; None stays None.

    Rounds down, as entries do, which spell milliseconds where rows may hold microseconds.
    """
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def whole_list(
    info: ListInfo, members: Iterable[Member], todos: Collection[Todo], offset: int
) -> ListGraph:
    """See a list whole, as of ``offset``; ``todos`` are those of the trash, too. Pure.

    What a todo waits for and is not there does not count, as in a delta.
    """
    there = {todo.id for todo in todos}
    return ListGraph(
        id=info.id,
        offset=offset,
        title=info.title,
        members={
            member.person.username: Membership(member.person.id, member.role) for member in members
        },
        todos={todo.id: todo_node(todo, there) for todo in todos},
    )


def todo_node(todo: Todo, there: Collection[UUID]) -> TodoNode:
    """See one todo, in a list of which the todos ``there`` exist."""
    return TodoNode(
        id=todo.id,
        title=todo.title,
        priority=PRIORITIES[todo.priority],
        created=milliseconds(todo.created_at),
        created_by=todo.created_by.username,
        due=milliseconds(todo.due_at),
        estimate_min=todo.estimate_min,
        completed=milliseconds(todo.completed_at),
        completed_by=todo.completed_by,
        deleted=todo.deleted_at is not None,
        offset=todo.offset,
        terms=terms_of(todo.title),
        labels=frozenset(todo.labels),
        assignees=frozenset(todo.assignees),
        blocked_by=frozenset(other for other in todo.blocked_by if other in there),
    )
