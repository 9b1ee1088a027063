"""Keep the lists that are being written to warm: folded in memory, exact at their offset."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from sqlalchemy import select

from store.list_load import load_place
from store.log_id import LogKind
from store.tables import logs, members, todos
from store.todo.model import Member, Person, Role
from store.todo.state import ListState
from store.todo.warm_list import WarmList
from store.todo_rows import todo_from_row
from store.usernames import name_key

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["WarmLists", "load_warm_list"]


class WarmLists:
    """Hold warm lists up to a bound in todos, forgetting the least recently used first.

    About 1 KB a todo: the default bound costs at most some 50 MB. A list becomes worth warming at
    its second write in a row of ``window`` lists, because loading it whole costs more than one
    cold write does.
    """

    def __init__(self, bound: int = 50_000, window: int = 1_000) -> None:
        self._bound = bound
        self._window = window
        self._lists: OrderedDict[UUID, WarmList] = OrderedDict()
        self._weights: dict[UUID, int] = {}
        self._missed: OrderedDict[UUID, None] = OrderedDict()

    def get(self, list_id: UUID) -> WarmList | None:
        """Give a warm list; None when it is cold."""
        warm = self._lists.get(list_id)
        if warm is not None:
            self._lists.move_to_end(list_id)
        return warm

    def is_worth_warming(self, list_id: UUID) -> bool:
        """Note a write to a cold list; True when it had one not long ago."""
        known = list_id in self._missed
        self._missed[list_id] = None
        self._missed.move_to_end(list_id)
        if len(self._missed) > self._window:
            self._missed.popitem(last=False)
        return known

    def keep(self, list_id: UUID, warm: WarmList) -> None:
        """Take a list in, or account anew for one that grew."""
        self._lists[list_id] = warm
        self._lists.move_to_end(list_id)
        self._weights[list_id] = warm.weight
        total = sum(self._weights.values()) if len(self._weights) > 1 else 0
        while total > self._bound and len(self._lists) > 1:
            oldest, _ = self._lists.popitem(last=False)
            total -= self._weights.pop(oldest)

    def drop(self, list_id: UUID) -> None:
        """Forget a list whose state is in doubt."""
        self._lists.pop(list_id, None)
        self._weights.pop(list_id, None)


async def load_warm_list(
    connection: AsyncConnection, list_id: UUID, actor: UUID
) -> WarmList | None:
    """Load a whole list within the caller's snapshot; None when the actor is not a member."""
    place = await load_place(connection, list_id, actor)
    if place is None:
        return None
    head = await connection.scalar(
        select(logs.c.head).where(logs.c.kind == LogKind.LIST, logs.c.log_id == list_id)
    )
    people = await connection.execute(select(members).where(members.c.list_id == list_id))
    rows = await connection.execute(select(todos).where(todos.c.list_id == list_id))
    state = ListState(
        info=place[0],
        members={
            row.user_id: Member(Person(row.user_id, row.username), Role(row.role)) for row in people
        },
        todos={row.id: todo_from_row(row) for row in rows},
        offset=head or 0,
    )
    return WarmList(state, name_key)
