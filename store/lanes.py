"""Queue the commands of each list, so that those that wait together are written together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import orjson

from store.commit_together import CommandRefusedError
from store.database import Database
from store.errors import LockstepError, OutcomeUnknown, Unavailable
from store.flusher import REFUSED, Flusher
from store.group_commit import Group, can_join, may_join
from store.log_id import LogId, LogKind
from store.log_reader import LogQuery, LogReader
from store.refusals import Refusals
from store.waiting import Alone, Waiting
from store.warm_lists import WarmLists
from store.warm_load import WarmLoader

if TYPE_CHECKING:
    from uuid import UUID

    from store.committed import Committed
    from store.entry import Entry
    from store.request import Request
    from store.todo.commands import Command
    from store.todo.warm_list import WarmList

__all__ = ["Lanes"]

# More in one statement gains nothing: 64 writers measured 52,700 changes a second without HTTP.
_GROUP = 64
# How often a list may have moved on under a group before its commands are taken one by one.
_ATTEMPTS = 3

Single = Callable[["Command", "Request"], Awaitable["Committed"]]


class Lanes:
    """Carry out commands of lists, in order of arrival within each list.

    While one group of a list is being written the next gathers; different lists do not wait for
    each other. ``single`` carries out one command the longer way, in a transaction of its own. A
    cancelled caller only stops waiting: its command is carried out all the same. Nobody waits
    longer than ``deadline_s``.
    """

    def __init__(
        self,
        database: Database,
        single: Single,
        warm: WarmLists | None = None,
        *,
        deadline_s: float = 5.0,
    ) -> None:
        self._deadline_s = deadline_s
        self._flusher = Flusher(database)
        self._loader = WarmLoader(database)
        # Its own, so that no write waits behind the readers of a thousand sockets.
        self._log_reader = LogReader(database)
        self._refusals = Refusals(database)
        self._single = single
        self._warm = warm or WarmLists()
        self._lanes: dict[UUID, deque[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def commit(self, list_id: UUID, command: Command, request: Request) -> Committed:
        """Carry out one command of the list.

        Raises its refusal; Unavailable when its turn did not come in time, OutcomeUnknown when it
        came and took too long.
        """

        async def alone() -> tuple[Committed]:
            return (await self._single(command, request),)

        (made,) = await self._wait(list_id, Waiting((command,), (request,), alone))
        return made

    async def commit_all(
        self,
        list_id: UUID,
        commands: Sequence[Command],
        requests: Sequence[Request],
        alone: Alone,
    ) -> Sequence[Committed]:
        """Carry out commands of the list, all or none, in one transaction.

        Raises what ``alone`` raises, and what ``commit`` does for want of time.
        """
        return await self._wait(list_id, Waiting(commands, requests, alone))

    async def commit_first(
        self, list_id: UUID, commands: Sequence[Command], requests: Sequence[Request]
    ) -> Sequence[Committed]:
        """Carry out the first ones, as many as can be at once without a refusal; maybe none.

        They take effect together. Raises what ``commit`` raises when nothing is wrong with them.
        """

        async def nothing() -> tuple[Committed, ...]:
            return ()

        return await self._wait(list_id, Waiting(commands, requests, nothing, partly=True))

    async def _wait(self, list_id: UUID, waiting: Waiting) -> Sequence[Committed]:
        lane = self._lanes.get(list_id)
        if lane is not None:
            lane.append(waiting)
        else:
            lane = self._lanes[list_id] = deque([waiting])
            task = asyncio.create_task(self._drain(list_id, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await waiting.answer
        except TimeoutError:
            if waiting not in lane:
                raise OutcomeUnknown from None
            lane.remove(waiting)
            raise Unavailable("This list is busy right now; try again shortly.") from None

    def learn(self, entry: Entry) -> None:
        """Take in what another replica wrote to a list that is warm here and not being written.

        Without it the next write here finds the list moved on, reads what is missing and is decided
        anew. An entry out of turn is let go: that read will bring it.
        """
        if entry.log.kind is LogKind.LIST and entry.log.key not in self._lanes:
            warm = self._warm.get(entry.log.key)
            if warm is not None and entry.offset == warm.offset + 1:
                self._move_on(entry.log.key, warm, entry)

    async def aclose(self) -> None:
        """Wait until every lane is empty."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._loader.aclose()
        await self._log_reader.aclose()
        await self._refusals.aclose()

    async def _drain(self, list_id: UUID, lane: deque[Waiting]) -> None:
        try:
            while lane:
                warm = self._warm.get(list_id) or await self._warmed(list_id, lane)
                group = _take(lane, warm)
                if warm is not None and group:
                    if not await self._together(list_id, warm, group):
                        await self._one_by_one(list_id, group)
                elif lane:  # warming may have taken so long that nobody waits any more
                    await self._one_by_one(list_id, [lane.popleft()])
        finally:
            del self._lanes[list_id]
            _fail([*lane], Unavailable("This list cannot be written right now; try again shortly."))

    async def _warmed(self, list_id: UUID, lane: deque[Waiting]) -> WarmList | None:
        """Load the list if it is small or written again; None: the next one goes the longer way."""
        first = lane[0]
        if not all(map(may_join, first.commands)):
            return None
        whole = self._warm.is_worth_warming(list_id) or len(lane) > 1 or len(first) > 1
        try:
            warm = await self._loader.load(list_id, first.requests[0].actor, whole=whole)
        except LockstepError:
            return None
        if warm is not None:
            self._warm.keep(list_id, warm)
        return warm

    async def _together(self, list_id: UUID, warm: WarmList, waiting: list[Waiting]) -> bool:
        """Write the group; False when its commands must be taken one by one instead."""
        for _ in range(_ATTEMPTS):
            group = Group(list_id, warm)
            try:
                answers = [await _decide(group, each) for each in waiting]
                written = not len(group) or await group.write(self._flusher)
            except LockstepError as failure:
                if isinstance(failure, OutcomeUnknown):
                    self._warm.drop(list_id)
                _fail(waiting, failure)
                return True
            except REFUSED:
                # One of them repeats an operation id or takes another's id; alone, each finds out
                # for itself. Any other refusal of the server would be a mistake of ours.
                self._warm.drop(list_id)
                return False
            except BaseException as error:
                self._warm.drop(list_id)
                _fail(waiting, error)
                raise
            if written:
                self._warm.keep(list_id, warm)
                at_head = len(group) > 0
                await self._answer(list_id, warm.offset, waiting, answers, at_head=at_head)
                return True
            try:
                caught_up = await self._catch_up(list_id, warm)
            except BaseException as error:
                self._warm.drop(list_id)
                _fail(waiting, error)
                raise
            if not caught_up:
                return False
        return False

    async def _answer(
        self,
        list_id: UUID,
        offset: int,
        waiting: list[Waiting],
        answers: list[Sequence[Committed] | LockstepError],
        *,
        at_head: bool,
    ) -> None:
        doubtful: list[tuple[Waiting, LockstepError]] = []
        for each, answer in zip(waiting, answers, strict=True):
            if not isinstance(answer, LockstepError):
                each.give(answer)
            elif not at_head or len(each) > 1 or each.commands[0].op is not None:
                # Where nothing was written, nothing was compared with the head either: another
                # replica may have made a moment ago what is missing here. What is refused now may
                # have been done before: its operation id will tell. And which of several is to
                # blame, only the longer way can say.
                doubtful.append((each, answer))
            else:
                each.fail(answer)
        if doubtful:
            await self._refuse(list_id, offset, doubtful)

    async def _refuse(
        self, list_id: UUID, offset: int, refused: list[tuple[Waiting, LockstepError]]
    ) -> None:
        """Refuse what the list, still at ``offset``, refuses; the rest goes the longer way."""
        try:
            stand = await asyncio.gather(
                *(self._stands(list_id, offset, each) for each, _ in refused)
            )
        except BaseException as error:
            _fail([each for each, _ in refused], error)
            raise
        for (each, refusal), stands in zip(refused, stand, strict=True):
            if stands:
                each.fail(refusal)
        await self._one_by_one(
            list_id, [each for (each, _), stands in zip(refused, stand, strict=True) if not stands]
        )

    async def _stands(self, list_id: UUID, offset: int, waiting: Waiting) -> bool:
        if len(waiting) > 1:
            return False
        op = waiting.commands[0].op
        try:
            head = await self._refusals.head_for(list_id, waiting.requests[0].actor, op)
        except LockstepError:
            return False
        return head == offset

    async def _catch_up(self, list_id: UUID, warm: WarmList) -> bool:
        """Take in what other replicas wrote; False when the list had to be forgotten instead."""
        query = LogQuery(LogId.list(list_id), None, warm.offset, 500, 2**20)
        try:
            read = await self._log_reader.read(query)
        except LockstepError:
            self._warm.drop(list_id)
            return False
        # None at all (the list is gone), or not the next one (its history was pruned).
        if not read.entries or read.entries[0].offset != warm.offset + 1:
            self._warm.drop(list_id)
            return False
        for entry in read.entries:
            warm.apply(orjson.loads(entry.data), entry.offset)
        if warm.state.deleted:
            self._warm.drop(list_id)
            return False
        # Whatever came since, the next attempt to write will meet.
        return True

    async def _one_by_one(self, list_id: UUID, waiting: list[Waiting]) -> None:
        for each in waiting:
            try:
                made = await each.alone()
            except (LockstepError, CommandRefusedError) as refusal:
                if isinstance(refusal, OutcomeUnknown):
                    self._warm.drop(list_id)
                each.fail(refusal)
                continue
            except BaseException as error:
                self._warm.drop(list_id)
                each.fail(error)
                raise
            for committed in made:
                self._take_in(list_id, committed)
            each.give(made)

    def _take_in(self, list_id: UUID, committed: Committed) -> None:
        """Move the warm list on by what a single command wrote."""
        warm = self._warm.get(list_id)
        if warm is None:
            return
        for entry in committed.entries:
            if entry.log == LogId.list(list_id):
                self._move_on(list_id, warm, entry)

    def _move_on(self, list_id: UUID, warm: WarmList, entry: Entry) -> None:
        if entry.offset != warm.offset + 1 or entry.type == "list.deleted":
            self._warm.drop(list_id)
            return
        warm.apply(orjson.loads(entry.data), entry.offset)


def _take(lane: deque[Waiting], warm: WarmList | None) -> list[Waiting]:
    """Take those from the front that can be written together."""
    taken: list[Waiting] = []
    room = _GROUP
    while warm is not None and lane and room > 0 and _can_join(lane[0], warm):
        room -= len(lane[0])
        taken.append(lane.popleft())
    return taken


def _can_join(waiting: Waiting, warm: WarmList) -> bool:
    first, *others = waiting.commands
    return can_join(first, warm) and all(map(may_join, others))


async def _decide(group: Group, waiting: Waiting) -> Sequence[Committed] | LockstepError:
    try:
        if len(waiting) == 1:
            return (await group.add(waiting.commands[0], waiting.requests[0]),)
        return await group.add_all(waiting.commands, waiting.requests, partly=waiting.partly)
    except LockstepError as refusal:
        return refusal


def _fail(waiting: Iterable[Waiting], error: BaseException) -> None:
    for each in waiting:
        each.fail(error)
