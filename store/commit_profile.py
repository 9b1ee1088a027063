"""Carry out the change of one's own profile, once per operation id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import select, update

from store.append import lock_head
from store.committed import Committed
from store.entry import Position
from store.errors import Invalid, NotFound
from store.log_id import LogId
from store.ops import recall, remember
from store.profiles import checked_display_name, checked_email
from store.tables import users
from store.todo.model import instant

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.request import Request
    from store.todo.commands import ProfileUpdate

__all__ = ["account_json", "commit_profile"]


def account_json(account: Any) -> dict[str, Any]:
    """Build the object that shows an account (or its row) to its owner."""
    return {
        "id": str(account.id),
        "username": account.username,
        "display_name": account.display_name,
        "email": account.email,
        "is_admin": account.is_admin,
        "inbox_id": str(account.inbox_id),
        "created_at": instant(account.created_at),
    }


async def commit_profile(
    connection: AsyncConnection, command: ProfileUpdate, request: Request
) -> Committed:
    """Change what is named, and answer with the account; it makes no entry in any log.

    Raises Invalid with every rule broken, or NotFound.
    """
    log = LogId.user(request.actor)
    head = await lock_head(connection, log) or 0
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    changes = _checked(command)
    mine = users.c.id == request.actor
    if changes:
        await connection.execute(update(users).where(mine).values(**changes))
    row = (await connection.execute(select(users).where(mine))).one_or_none()
    if row is None:
        raise NotFound
    committed = Committed(200, orjson.dumps(account_json(row)), Position(request.epoch, head))
    await remember(connection, request.actor, command, log, committed)
    return committed


def _checked(command: ProfileUpdate) -> dict[str, str | None]:
    rules: dict[str, Callable[[str], str]] = {
        "display_name": checked_display_name,
        "email": checked_email,
    }
    faults: list[tuple[str, str]] = []
    values: dict[str, str | None] = {}
    for name in command.model_fields_set & rules.keys():
        given = getattr(command, name)
        try:
            values[name] = rules[name](given) if given else None
        except ValueError as fault:
            faults.append((name, str(fault)))
    if faults:
        raise Invalid(sorted(faults))
    if "display_name" in values:
        values["display_name"] = values["display_name"] or ""
    return values
