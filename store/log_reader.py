"""Read many logs in one statement: those who ask in the same moment share the round trip."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from store.database import Database, Pool
from store.entry import Entry, LogRead
from store.log_id import LogId, LogKind
from store.todo.model import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

__all__ = ["LogQuery", "LogReader"]

# One statement, so one snapshot for head, role and entries of every log in it. The limits keep each
# lateral part a look-up in a primary key: as joins they were scans of whole tables.
_READ: Final = """
SELECT (SELECT epoch FROM epochs) AS epoch, place.head, place.floor, seat.role, part.*
FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::int[], $6::bigint[])
    WITH ORDINALITY AS asked (kind, log_id, reader, since, most, bytes, number)
LEFT JOIN LATERAL (
    SELECT head, floor FROM logs WHERE logs.kind = asked.kind AND logs.log_id = asked.log_id
    LIMIT 1
) AS place ON true
LEFT JOIN LATERAL (
    SELECT role FROM members
    WHERE asked.kind = 0 AND members.list_id = asked.log_id AND members.user_id = asked.reader
    LIMIT 1
) AS seat ON true
LEFT JOIN LATERAL (
    SELECT array_agg(log_offset ORDER BY log_offset) AS offsets,
        array_agg(type ORDER BY log_offset) AS types,
        array_agg(subject ORDER BY log_offset) AS subjects,
        array_agg(trace ORDER BY log_offset) AS traces,
        array_agg(data ORDER BY log_offset) AS datas
    FROM (
        SELECT found.*, sum(length(data)) OVER (ORDER BY log_offset) AS upto
        FROM (
            SELECT log_offset, type, subject, trace, data FROM entries
            WHERE entries.kind = asked.kind AND entries.log_id = asked.log_id
                AND entries.log_offset > asked.since
            ORDER BY log_offset LIMIT asked.most
        ) AS found
    ) AS summed
    WHERE upto <= bytes OR upto = length(data)
) AS part ON asked.most > 0
ORDER BY asked.number
"""
# Arrays, because a list of pairs is more than a statement may hold: beyond some 5,000 PostgreSQL
# refuses it ("stack depth limit exceeded").
_HEADS: Final = """
SELECT asked.kind, asked.log_id, place.head
FROM unnest($1::smallint[], $2::uuid[]) AS asked (kind, log_id)
CROSS JOIN LATERAL (
    SELECT head FROM logs WHERE logs.kind = asked.kind AND logs.log_id = asked.log_id LIMIT 1
) AS place
"""
# Statements at a time: a pool of five keeps connections for pages of histories and the head poll.
_AT_ONCE: Final = 3
# What one statement may bring at most; a single query may bring as much by itself.
_QUERIES: Final = 256
_BYTES: Final = 8 * 2**20


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Ask for a log's position, the reader's role, and entries after ``since`` (None: none).

    ``reader`` None: a replica reads for all. At most ``limit`` entries and ``max_bytes`` of data,
    but at least one entry if there is any.
    """

    log: LogId
    reader: UUID | None
    since: int | None
    limit: int
    max_bytes: int

    @property
    def part(self) -> tuple[LogId, int, int, int] | None:
        """Name the entries asked for; whoever names the same gets the same ones. None: none."""
        if self.since is None or self.limit <= 0:
            return None
        return (self.log, self.since, self.limit, self.max_bytes)


_Waiting = tuple[LogQuery, "asyncio.Future[LogRead]"]


class LogReader:
    """Answer log queries in batches, on PostgreSQL.

    The entries of one log after one position are read once per batch, however many readers ask; who
    may not see them is given none. A cancelled caller only stops waiting.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, query: LogQuery) -> LogRead:
        """Answer one query. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[LogRead] = loop.create_future()
        self._waiting.append((query, answer))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._pump)
        return await answer

    async def heads(self, ids: Collection[LogId]) -> dict[LogId, int]:
        """Read the last offsets of many logs; unknown logs are left out. Raises Unavailable."""
        rows = await self._database.fetch(
            Pool.FANOUT, _HEADS, [int(log.kind) for log in ids], [log.key for log in ids]
        )
        return {LogId(LogKind(row["kind"]), row["log_id"]): row["head"] for row in rows}

    async def aclose(self) -> None:
        """Wait until every query is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _pump(self) -> None:
        self._scheduled = False
        while self._waiting and self._under_way < _AT_ONCE:
            self._under_way += 1
            task = asyncio.create_task(self._answer(self._take()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take(self) -> list[_Waiting]:
        """Take from the front what one statement may carry: one query, or several within bounds."""
        taken: list[_Waiting] = []
        parts: set[object] = set()
        size = 0
        while self._waiting and len(taken) < _QUERIES:
            query, answer = self._waiting[0]
            part = query.part
            if part is not None and part not in parts:
                size += query.max_bytes
                if taken and size > _BYTES:
                    break
                parts.add(part)
            self._waiting.popleft()
            if not answer.done():
                taken.append((query, answer))
        return taken

    async def _answer(self, batch: list[_Waiting]) -> None:
        try:
            reads = await self._read([query for query, _ in batch]) if batch else []
        except BaseException as error:  # noqa: BLE001 - each who waits learns of it
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for (_, answer), read in zip(batch, reads, strict=True):
                if not answer.done():
                    answer.set_result(read)
        finally:
            self._under_way -= 1
            self._pump()

    async def _read(self, queries: Sequence[LogQuery]) -> list[LogRead]:
        first: dict[object, int] = {}
        for index, query in enumerate(queries):
            if query.part is not None:
                first.setdefault(query.part, index)
        rows = await self._database.fetch(
            Pool.FANOUT,
            _READ,
            [int(query.log.kind) for query in queries],
            [query.log.key for query in queries],
            [query.reader for query in queries],
            [query.since for query in queries],
            [
                query.limit if first.get(query.part) == index else 0
                for index, query in enumerate(queries)
            ],
            [query.max_bytes for query in queries],
        )
        parts = {part: _entries(queries[index].log, rows[index]) for part, index in first.items()}
        return [
            _log_read(query, row, parts.get(query.part, ()))
            for query, row in zip(queries, rows, strict=True)
        ]


def _entries(log: LogId, row: Any) -> tuple[Entry, ...]:
    if row["offsets"] is None:
        return ()
    columns = (row[name] for name in ("offsets", "types", "subjects", "datas", "traces"))
    return tuple(Entry(log, *values) for values in zip(*columns, strict=True))


def _log_read(query: LogQuery, row: Any, entries: tuple[Entry, ...]) -> LogRead:
    if row["head"] is None:
        return LogRead(None, row["epoch"], 0, 0, ())
    role = _role(query, row["role"])
    if query.reader is not None and role is None:
        entries = ()
    return LogRead(role, row["epoch"], row["head"], row["floor"], entries)


def _role(query: LogQuery, found: str | None) -> Role | None:
    kind = query.log.kind
    if query.reader is None or kind is LogKind.CONTROL:
        return None
    if kind is LogKind.ALL:
        return Role.VIEWER
    if kind is LogKind.USER:
        return Role.VIEWER if query.log.key == query.reader else None
    # A deleted list has no members any more, so this row alone decides.
    return None if found is None else Role(found)
