"""The second lock: what the database itself refuses, whatever the code above it does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from store.actor import Actor
from store.database import Pool
from store.engines import StoreSettings, async_url
from store.store import Store, open_store
from store.tables import metadata
from store.todo.commands import ListCreate, TodoCreate
from tests.servers.postgresql import PostgreSQL

People = Callable[[str], Awaitable[Actor]]
TABLES = sorted(metadata.tables)


@pytest.fixture
async def store(postgresql_url: str) -> AsyncIterator[Store]:
    """Open a store over PostgreSQL alone: SQLite has no such lock."""
    opened = await open_store(StoreSettings(postgresql_url))
    yield opened
    await opened.aclose()


async def count(store: Store, pool: Pool, identity: UUID | None, table: str) -> int:
    """Count the rows of a table that one role sees in one name."""

    async def work(connection: AsyncConnection) -> int:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    return await store.database.transact(pool, identity, work)


async def fill(store: Store, person: People) -> tuple[Actor, UUID]:
    """Make one list with one todo, and the person who owns it."""
    ann = await person("ann")
    made = await store.commit(ann, ListCreate(title="Groceries", op=uuid4()))
    list_id = UUID(orjson.loads(made.body)["list"]["id"])
    await store.commit(ann, TodoCreate(list_id=list_id, title="milk"))
    return ann, list_id


async def test_every_table_forces_row_security(store: Store) -> None:
    """The catalogue itself is asked, so a new table without it fails here."""
    query = text(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname <> 'alembic_version'"
        " AND relrowsecurity AND relforcerowsecurity ORDER BY relname"
    )

    async def work(connection: AsyncConnection) -> list[str]:
        return list(await connection.scalars(query))

    assert await store.database.transact(Pool.FANOUT, None, work) == TABLES


@pytest.mark.parametrize("table", ["lists", "members", "todos", "entries", "ops", "users"])
async def test_nobody_and_strangers_see_no_row(store: Store, person: People, table: str) -> None:
    """An identity that is unset, set and gone again, or another's opens nothing."""
    ann, _ = await fill(store, person)
    eve = await person("eve")
    mine = 1 if table == "users" else 0
    assert await count(store, Pool.APP, ann.id, table) >= 1
    assert await count(store, Pool.APP, None, table) == 0
    assert await count(store, Pool.APP, eve.id, table) == mine
    assert await count(store, Pool.APP, uuid4(), table) == 0


@pytest.mark.parametrize(
    "statement",
    [
        """INSERT INTO members (list_id, user_id, username, role, joined_offset)
        VALUES (:list, :eve, 'eve', 'owner', 1)""",
        """INSERT INTO entries (kind, log_id, log_offset, type, data)
        VALUES (0, :list, 99, 'list.deleted', '')""",
        """INSERT INTO entries (kind, log_id, log_offset, type, data)
        VALUES (2, '00000000-0000-0000-0000-000000000000', 99, 'broadcast.posted', '')""",
        "UPDATE users SET is_admin = true WHERE id = :eve",
        "SELECT * FROM credentials",
        "SELECT * FROM sessions",
        "INSERT INTO logs (kind, log_id) VALUES (0, :list)",
        "DELETE FROM entries",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_the_application_role_cannot_do_what_no_command_does(
    store: Store, person: People, statement: str
) -> None:
    """Even with free SQL, a stranger gets neither in nor up."""
    _, list_id = await fill(store, person)
    eve = await person("eve")

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(statement), {"list": list_id, "eve": eve.id})

    with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
        await store.database.transact(Pool.APP, eve.id, work)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE todos SET title = 'other'",
        "UPDATE todos SET deleted_at = NULL",
        """INSERT INTO entries (kind, log_id, log_offset, type, data)
        VALUES (0, :list, 99, 'todo.updated', '')""",
        """INSERT INTO entries (kind, log_id, log_offset, type, data)
        VALUES (1, :list, 99, 'todo.unblocked', '')""",
        """INSERT INTO members (list_id, user_id, username, role, joined_offset)
        VALUES (:list, :list, 'eve', 'owner', 1)""",
    ],
)
async def test_the_worker_role_can_do_no_more_than_empty_the_trash(
    store: Store, person: People, statement: str
) -> None:
    """It takes what it purges out of others' dependencies, and changes nothing else of them."""
    _, list_id = await fill(store, person)

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(text(statement), {"list": list_id})

    with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
        await store.database.transact(Pool.WORKER, None, work)


@pytest.mark.parametrize("table", ["lists", "todos", "members", "logs"])
async def test_a_stranger_changes_no_row(store: Store, person: People, table: str) -> None:
    """An update without a condition reaches only what the identity may see."""
    await fill(store, person)
    eve = await person("eve")
    column = {"lists": "title", "todos": "title", "members": "role", "logs": "head"}[table]
    own = 1 if table == "logs" else 0

    async def work(connection: AsyncConnection) -> int:
        result = await connection.execute(text(f"UPDATE {table} SET {column} = {column}"))
        return result.rowcount

    assert await store.database.transact(Pool.APP, eve.id, work) == own


async def test_pools_act_as_roles_that_row_security_binds(store: Store) -> None:
    """None of them is a superuser, bypasses row security or owns a table."""
    query = text(
        "SELECT current_user::text, rolsuper OR rolbypassrls"
        " OR EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid)"
        " FROM pg_roles WHERE rolname = current_user"
    )
    for pool in Pool:

        async def work(connection: AsyncConnection) -> tuple[str, bool]:
            row = (await connection.execute(query)).one()
            return row[0], row[1]

        assert await store.database.transact(pool, None, work) == (pool.value, False)


GRANTED = text("""
SELECT DISTINCT grantee, table_name, privilege_type FROM (
    SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants
    WHERE table_schema = 'public'
    UNION ALL
    SELECT grantee, table_name, privilege_type FROM information_schema.role_column_grants
    WHERE table_schema = 'public' AND privilege_type <> 'REFERENCES'
) granted
WHERE grantee IN ('lockstep_app', 'lockstep_auth', 'lockstep_fanout', 'lockstep_worker')
    AND table_name <> 'alembic_version'
""")
POLICIES = text("""
SELECT tablename, unnest(roles)::text AS role, cmd, with_check IS NOT NULL AS checks
FROM pg_policies WHERE schemaname = 'public'
""")


async def test_every_command_granted_on_a_table_has_a_policy_that_checks(
    postgresql: PostgreSQL, postgresql_url: str
) -> None:
    """Whatever a role may do, a policy says to which rows, new ones included."""
    database = postgresql_url.rpartition("/")[2]
    engine = create_async_engine(
        async_url(postgresql.url(database, user="postgres")), poolclass=NullPool
    )
    async with engine.connect() as connection:
        granted = {tuple(row) for row in await connection.execute(GRANTED)}
        policies = (await connection.execute(POLICIES)).all()
    await engine.dispose()
    covered = set()
    for table, role, command, checks in policies:
        commands = ("SELECT", "INSERT", "UPDATE", "DELETE") if command == "ALL" else (command,)
        covered |= {(role, table, each) for each in commands}
        assert checks is (command in {"INSERT", "UPDATE", "ALL"}), (table, role, command)
    assert granted, "the roles have no rights at all"
    assert {(role, table) for role, table, _ in granted} >= {("lockstep_app", "todos")}
    assert granted - covered == set()
    assert {table for _, table, _ in granted} == set(TABLES)


async def test_a_write_looks_at_one_membership_however_many_there_are(
    store: Store, person: People
) -> None:
    """The policies ask by key: they do not collect all lists of a person for every statement."""
    ann, list_id = await fill(store, person)
    for number in range(40):
        await store.commit(ann, ListCreate(title=f"other {number}"))
    statements = (
        "UPDATE logs SET head = head WHERE kind = 0 AND log_id = :list",
        """INSERT INTO entries (kind, log_id, log_offset, type, data)
           VALUES (0, :list, 1000, 'todo.created', '{}')""",
    )

    async def looked_at(connection: AsyncConnection) -> list[int]:
        return [
            _rows_of_members(
                await connection.scalar(
                    text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), {"list": list_id}
                )
            )
            for statement in statements
        ]

    rows = await store.database.transact(Pool.APP, ann.id, looked_at)
    assert all(1 <= each <= 6 for each in rows), rows


def _rows_of_members(plan: Any) -> int:
    """Count the rows that any node of a plan read from ``members``."""
    if isinstance(plan, list):
        return sum(map(_rows_of_members, plan))
    if not isinstance(plan, dict):
        return 0
    mine = (
        plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == "members" else 0
    )
    return int(mine) + sum(_rows_of_members(part) for part in plan.values())
