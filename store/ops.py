"""Remember operation ids, so that a repeated command is the same command."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import insert, select

from store.committed import Committed
from store.entry import Position
from store.errors import OpReused
from store.tables import ops

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.log_id import LogId
    from store.todo.commands import Command

__all__ = ["digest_of", "recall", "remember"]


def digest_of(command: Command) -> bytes:
    """Fingerprint what a command asks for, apart from its operation id (SHA-256, 32 bytes)."""
    asked = command.model_dump(mode="json", exclude={"op"}, exclude_unset=True)
    asked["type"] = type(command).model_fields["type"].default
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()


async def recall(
    connection: AsyncConnection, user_id: UUID, command: Command, epoch: str
) -> Committed | None:
    """Give the first answer to this operation id again; None when it is new.

    Raises OpReused when the id was used for another body.
    """
    if command.op is None:
        return None
    query = select(ops).where(ops.c.user_id == user_id, ops.c.op == command.op)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.digest != digest_of(command):
        raise OpReused("This operation id was used for another command; choose a new one.")
    return Committed(row.status, row.body, Position(epoch, row.log_offset), replayed=True)


async def remember(
    connection: AsyncConnection,
    user_id: UUID,
    command: Command,
    log: LogId,
    committed: Committed,
) -> None:
    """Keep the answer under the operation id; without an id there is nothing to repeat.

    Raises IntegrityError when the same id was used at the same moment elsewhere.
    """
    if command.op is None:
        return
    await connection.execute(
        insert(ops).values(
            user_id=user_id,
            op=command.op,
            digest=digest_of(command),
            kind=log.kind,
            log_id=log.key,
            log_offset=committed.position.offset,
            status=committed.status,
            body=committed.body,
        )
    )
