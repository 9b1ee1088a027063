"""Send the groups of different lists to the database together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from asyncpg import InsufficientPrivilegeError, IntegrityConstraintViolationError

from store.database import Database, Pool

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["REFUSED", "Flusher"]

REFUSED: Final = (IntegrityConstraintViolationError, InsufficientPrivilegeError)
"""What the database refuses because of what is in a group; anything else is a mistake of ours."""

_COMMIT: Final = (
    "SELECT lockstep_commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
    " $13::jsonb, $14::jsonb, $15)"
)
# Lists in one transaction: their heads stay locked until it is on disk.
_LISTS: Final = 16
# Transactions at a time; beyond it groups gather, so that a busy database gets fewer, larger ones.
_AT_ONCE: Final = 4
_BUSY: Final = -2

_Waiting = tuple[UUID, Sequence[Any], "asyncio.Future[int]"]


class Flusher:
    """Write groups, each of a list of its own, sharing transactions and round trips.

    Groups that come in the same turn of the loop, or while as many transactions as may be are under
    way, go together. A group that the database refuses, or whose list is just being written to by
    another replica, is then sent alone and does not hold up the others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, list_id: UUID, arguments: Sequence[Any]) -> int:
        """Write one group (the arguments of ``lockstep_commit``); give the head it found.

        Raises one of REFUSED, Unavailable or OutcomeUnknown.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[int] = loop.create_future()
        self._waiting.append((list_id, arguments, found))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._pump)
        return await found

    def _pump(self) -> None:
        self._scheduled = False
        while self._waiting and self._under_way < _AT_ONCE:
            # Spread over what is free: two small transactions beat a large one and an idle slot.
            free = _AT_ONCE - self._under_way
            size = min(_LISTS, -(-len(self._waiting) // free))
            groups = [self._waiting.popleft() for _ in range(size)]
            self._under_way += 1
            self._spawn(self._flush(groups))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush(self, groups: list[_Waiting]) -> None:
        # In one order everywhere, so that two replicas never wait for each other in a circle.
        groups.sort(key=lambda group: group[0])
        alone: list[_Waiting] = groups
        try:
            if len(groups) > 1:
                alone = await self._together(groups)
        finally:
            self._under_way -= 1
            self._pump()
        for group in alone:
            await self._alone(group)

    async def _together(self, groups: list[_Waiting]) -> list[_Waiting]:
        """Write the groups in one transaction; give those that must be sent alone."""
        try:
            heads = await self._database.call(
                Pool.APP, _COMMIT, *((*arguments, False) for _, arguments, _ in groups)
            )
        except REFUSED:
            return groups
        except BaseException as error:  # noqa: BLE001 - each waiting list learns of it
            for _, _, found in groups:
                found.set_exception(error)
            return []
        for (_, _, found), head in zip(groups, heads, strict=True):
            if head != _BUSY:
                found.set_result(head)
        return [group for group, head in zip(groups, heads, strict=True) if head == _BUSY]

    async def _alone(self, group: _Waiting) -> None:
        _, arguments, found = group
        try:
            (head,) = await self._database.call(Pool.APP, _COMMIT, (*arguments, True))
        except BaseException as error:  # noqa: BLE001 - the waiting list learns of it
            found.set_exception(error)
        else:
            found.set_result(head)
