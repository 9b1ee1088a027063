"""Load whole lists, each exact at its offset: small ones together, large ones page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text

from store.database import Database, Pool
from store.errors import NotFound
from store.shared_query import SharedQuery
from store.snapshot import read_frame
from store.todo.model import ListInfo, Member, Person, Role, Todo, Writer
from store.todo.state import ListState
from store.todo.warm_list import WarmList
from store.usernames import name_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["SMALL", "WarmLoader"]

SMALL: Final = 100
"""Todos up to which loading a list and deciding from memory costs less than one command alone.

Processor time of replica and server together a write, two runs of 460 first writes on a busy
machine: empty 1.5 to 2.6 ms against 5.6 to 8.5 for the longer way, 50 todos 2.3 to 2.5 against 5.5
to 5.7, 100 todos 4.7 to 4.9 against 6.7 to 7.3, 200 todos 7.0 to 7.1 against 6.5 to 8.5: no gain.
"""

# A todo takes 12 us to become an object: at once, 10,000 held the loop for 125 to 280 ms. A page of
# either size holds it for about 4 ms.
_PAGE: Final = 250
_PAGE_BYTES: Final = 512 * 1024
_FEWEST: Final = 10  # of todos with the longest notes
_LOAD: Final = """
SELECT lockstep_load(list, actor, $3)
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (list, actor, number)
ORDER BY number
"""
_UTC: Final = text("SELECT set_config('TimeZone', 'UTC', true)")
# Rows as lockstep_load gives them. Positions are unique in a list.
_NEXT: Final = text("""
SELECT json_agg(todo)::text AS page, max(position) AS last, count(*) AS todos
FROM (
    SELECT * FROM todos WHERE list_id = :list AND position > :after ORDER BY position LIMIT :most
) todo
""")

_Asked = tuple[UUID, UUID]


class WarmLoader:
    """Load lists in the name of a member. PostgreSQL only.

    Small lists asked for in the same moment share a statement: 16 of them are usually below 1 MB.
    Of a large one the loop has its turn after each page; all its pages are of one snapshot.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._small: SharedQuery[_Asked, WarmList | None] = SharedQuery(
            self._load_small, most=16, at_once=4
        )

    async def load(self, list_id: UUID, actor: UUID, *, whole: bool) -> WarmList | None:
        """Load a list; None: the actor is no member, or it is large and ``whole`` is not asked for.

        Raises Unavailable.
        """
        if not whole:
            return await self._small.ask((list_id, actor))
        (warm,) = await self._load([(list_id, actor)], _PAGE)
        return warm or await self._load_pages(list_id, actor)

    async def aclose(self) -> None:
        """Wait until nothing is loaded any more."""
        await self._small.aclose()

    async def _load_small(self, asked: Sequence[_Asked]) -> list[WarmList | None]:
        return await self._load(asked, SMALL)

    async def _load(self, asked: Sequence[_Asked], most: int) -> list[WarmList | None]:
        rows = await self._database.fetch(
            Pool.APP, _LOAD, [list_id for list_id, _ in asked], [actor for _, actor in asked], most
        )
        return [
            None if row[0] is None else _warm_list(list_id, orjson.loads(row[0]))
            for (list_id, _), row in zip(asked, rows, strict=True)
        ]

    async def _load_pages(self, list_id: UUID, actor: UUID) -> WarmList | None:
        async def work(connection: AsyncConnection) -> WarmList:
            await connection.execute(_UTC)
            frame = await read_frame(connection, list_id, actor, epoch="")
            people = {str(member.person.id): member.person for member in frame.members}
            todos: dict[UUID, Todo] = {}
            async for rows in _pages(connection, list_id):
                for row in rows:
                    todo = _todo(list_id, row, people)
                    todos[todo.id] = todo
            members = {member.person.id: member for member in frame.members}
            state = ListState(frame.info, members, todos, frame.position.offset)
            return WarmList(state, name_key)

        try:
            return await self._database.transact(Pool.APP, actor, work, read_only=True)
        except NotFound:
            return None


async def _pages(
    connection: AsyncConnection, list_id: UUID
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """Give the rows of a list's todos by and by, the trash included."""
    most, after = _PAGE, ""
    while True:
        asked = {"list": list_id, "after": after, "most": most}
        found = (await connection.execute(_NEXT, asked)).one()
        if not found.todos:
            return
        yield orjson.loads(found.page)
        if found.todos < most:
            return
        after = found.last
        most = max(_FEWEST, min(_PAGE, found.todos * _PAGE_BYTES // len(found.page)))


def _warm_list(list_id: UUID, found: Mapping[str, Any]) -> WarmList | None:
    if found["todos"] is None:
        return None
    # A list has few people and each stands in many todos: one object each.
    people = {key: Person(UUID(key), username) for key, username, _ in found["members"]}
    todos = (_todo(list_id, row, people) for row in found["todos"])
    state = ListState(
        info=ListInfo(list_id, found["title"], found["description"], found["inbox"]),
        members={
            people[key].id: Member(people[key], Role(role)) for key, _, role in found["members"]
        },
        todos={todo.id: todo for todo in todos},
        offset=found["head"],
    )
    return WarmList(state, name_key)


def _todo(list_id: UUID, row: Mapping[str, Any], people: dict[str, Person]) -> Todo:
    return Todo(
        id=UUID(row["id"]),
        list_id=list_id,
        title=row["title"],
        notes=row["notes"],
        completed=row["completed"],
        completed_at=_moment(row["completed_at"]),
        completed_by=row["completed_by"],
        priority=row["priority"],
        due_at=_moment(row["due_at"]),
        estimate_min=row["estimate_min"],
        labels=tuple(row["labels"]),
        assignees=tuple(row["assignees"]),
        blocked_by=tuple(map(UUID, row["blocked_by"])),
        position=row["position"],
        created_by=_person(row["created_by"], row["created_by_name"], people),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        deleted_at=_moment(row["deleted_at"]),
        offset=row["log_offset"],
        writers={
            name: Writer(_person(kept["id"], kept["username"], people), kept["offset"])
            for name, kept in row["writers"].items()
        },
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _person(key: str, username: str, people: dict[str, Person]) -> Person:
    person = people.get(key)
    if person is None or person.username != username:
        person = people[key] = Person(UUID(key), username)
    return person
