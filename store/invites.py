"""Share a list by link: whoever holds the token may join, as long as it is valid."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from store.append import append, lock_head
from store.commit_list import append_inboxes
from store.committed import Committed
from store.database import Pool
from store.entry import Position
from store.errors import Conflict, NotFound
from store.list_load import load_place
from store.list_write import write_rows
from store.lists_held import demand_room_for_added
from store.log_id import LogId
from store.ops import recall, remember
from store.request import NO_LIST, Request, answer_with, draft_of
from store.tables import invites, lists, members
from store.todo.commands import InviteAccept, InviteCreate
from store.todo.decide_list import MAX_MEMBERS, list_json
from store.todo.decision import demand
from store.todo.model import ListInfo, Role, instant, person_json

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.store import Store

__all__ = ["Invite", "Invites", "accept_invite"]

_SHOW_TOKEN = text("SELECT set_config('app.invite', :digest, true)")
_NO_INVITE = "This invitation does not exist, was withdrawn, has expired or is used up."


@dataclass(frozen=True, slots=True)
class Invite:
    """Hold an invitation; ``uses_left`` None: any number, ``expires_at`` None: never."""

    id: UUID
    list_id: UUID
    role: Role
    created_by: UUID
    created_at: datetime
    expires_at: datetime | None
    uses_left: int | None

    def as_json(self) -> dict[str, object]:
        """Build what the owner sees; the token itself is shown once only, when it is made."""
        return {
            "id": str(self.id),
            "role": self.role.value,
            "created_at": instant(self.created_at),
            "expires_at": instant(self.expires_at),
            "uses_left": self.uses_left,
        }


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Invites:
    """Make, show and withdraw the invitations of lists; owners only (Forbidden, NotFound).

    A token is derived from its invitation's id by ``key`` (32 bytes, the same on every replica), so
    that a repeated request gives it again although it is kept nowhere.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def token_of(self, invite_id: UUID) -> str:
        """Derive the token of an invitation: 256 bits that nobody without the key can tell."""
        digest = hmac.digest(self._key, invite_id.bytes, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    async def create(self, actor: UUID, command: InviteCreate) -> tuple[Committed, str]:
        """Make an invitation; returns the answer and, beside it, the token.

        The same operation id again gives the same ones. Raises OpReused for one used otherwise.
        """
        invite_id, now = self._store.new_id(), self._store.now()

        async def work(connection: AsyncConnection) -> Committed:
            digest, epoch = _digest(self.token_of(invite_id)), self._store.epoch
            return await _create(connection, command, actor, invite_id, digest, now, epoch)

        try:
            made = await self._store.database.transact(Pool.APP, actor, work)
        except IntegrityError:  # the same operation id at the same moment, elsewhere: look again
            made = await self._store.database.transact(Pool.APP, actor, work)
        return made, self.token_of(UUID(orjson.loads(made.body)["id"]))

    async def opens(self, token: str) -> bool:
        """Tell whether a token opens a list now; it takes nothing of it."""
        digest, now = _digest(token), self._store.now()

        async def work(connection: AsyncConnection) -> bool:
            invite = await _find(connection, digest, *_valid(now))
            return invite is not None and await _alive(connection, invite.list_id) is not None

        return await self._store.database.transact(Pool.APP, None, work, read_only=True)

    async def of_list(self, actor: UUID, list_id: UUID) -> tuple[Invite, ...]:
        """Read the invitations that still open a list, oldest first."""
        now = self._store.now()

        async def work(connection: AsyncConnection) -> tuple[Invite, ...]:
            return await _read(connection, list_id, actor, now)

        return await self._store.database.transact(Pool.APP, actor, work, read_only=True)

    async def revoke(self, actor: UUID, list_id: UUID, invite_id: UUID) -> None:
        """Withdraw an invitation; raises NotFound for an unknown one."""
        now = self._store.now()

        async def work(connection: AsyncConnection) -> None:
            await _revoke(connection, list_id, invite_id, actor, now)

        await self._store.database.transact(Pool.APP, actor, work)


async def _create(
    connection: AsyncConnection,
    command: InviteCreate,
    actor: UUID,
    invite_id: UUID,
    digest: str,
    now: datetime,
    epoch: str,
) -> Committed:
    """Make an invitation, whose token is kept as a digest only; owners only."""
    log = LogId.list(command.list_id)
    head = await lock_head(connection, log)
    again = await recall(connection, actor, command, epoch)
    if again is not None:
        return again
    await _demand_owner(connection, command.list_id, actor)
    expires = None if command.expires_in is None else now + timedelta(seconds=command.expires_in)
    invite = Invite(
        invite_id, command.list_id, Role(command.role), actor, now, expires, command.uses
    )
    await connection.execute(
        insert(invites).values(
            id=invite.id,
            list_id=invite.list_id,
            digest=digest,
            role=invite.role.value,
            created_by=actor,
            created_at=now,
            expires_at=expires,
            uses_left=command.uses,
        )
    )
    committed = answer_with(201, invite.as_json(), Position(epoch, head or 0), ())
    await remember(connection, actor, command, log, committed)
    return committed


async def _demand_owner(connection: AsyncConnection, list_id: UUID, actor: UUID) -> None:
    place = await load_place(connection, list_id, actor)
    if place is None:
        raise NotFound(NO_LIST)
    demand(place[1], Role.OWNER)


async def _read(
    connection: AsyncConnection, list_id: UUID, actor: UUID, now: datetime
) -> tuple[Invite, ...]:
    """Read the invitations that still open the list; owners only."""
    await _demand_owner(connection, list_id, actor)
    query = (
        select(invites)
        .where(invites.c.list_id == list_id, *_valid(now))
        .order_by(invites.c.created_at, invites.c.id)
    )
    return tuple(
        Invite(
            row.id,
            row.list_id,
            Role(row.role),
            row.created_by,
            row.created_at,
            row.expires_at,
            row.uses_left,
        )
        for row in await connection.execute(query)
    )


def _valid(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        invites.c.revoked_at.is_(None),
        (invites.c.expires_at.is_(None)) | (invites.c.expires_at > now),
        (invites.c.uses_left.is_(None)) | (invites.c.uses_left > 0),
    )


async def _revoke(
    connection: AsyncConnection, list_id: UUID, invite_id: UUID, actor: UUID, now: datetime
) -> None:
    """Withdraw an invitation, which may be done twice; raises NotFound for an unknown one."""
    await _demand_owner(connection, list_id, actor)
    same = (invites.c.id == invite_id) & (invites.c.list_id == list_id)
    done = await connection.execute(
        update(invites).where(same).values(revoked_at=func.coalesce(invites.c.revoked_at, now))
    )
    if done.rowcount == 0:
        raise NotFound("There is no such invitation to this list.")


async def _find(
    connection: AsyncConnection, digest: str, *which: ColumnElement[bool]
) -> Row[Any] | None:
    """Find the invitation of a token."""
    if connection.dialect.name == "postgresql":
        # What row-level security needs to see: the token is in hand.
        await connection.execute(_SHOW_TOKEN, {"digest": digest})
    query = select(invites).where(invites.c.digest == digest, *which)
    return (await connection.execute(query)).one_or_none()


async def _alive(connection: AsyncConnection, list_id: UUID) -> Row[Any] | None:
    alive = select(lists).where(lists.c.id == list_id, lists.c.deleted_at.is_(None))
    return (await connection.execute(alive)).one_or_none()


async def accept_invite(
    connection: AsyncConnection, command: InviteAccept, request: Request, now: datetime
) -> Committed:
    """Join the list that a token opens.

    A member already stays as they are, at no use, and though the invitation may be over: whoever
    joined by a link may follow it again.
    """
    again = await recall(connection, request.actor, command, request.epoch)
    if again is not None:
        return again
    invite = await _find(connection, _digest(command.token))
    if invite is None:
        raise NotFound(_NO_INVITE)
    log = LogId.list(invite.list_id)
    head = await lock_head(connection, log)
    row = await _alive(connection, invite.list_id)
    if head is None or row is None:
        raise NotFound(_NO_INVITE)
    info = ListInfo(row.id, row.title, row.description, row.inbox)
    place = await load_place(connection, invite.list_id, request.actor)
    if place is not None:
        answer = {"list": list_json(info), "role": place[1].value}
        committed = answer_with(200, answer, Position(request.epoch, head), ())
        await remember(connection, request.actor, command, log, committed)
        return committed
    # Counted down first, under a condition, so that the last use is given once.
    used = await connection.execute(
        update(invites)
        .where(invites.c.id == invite.id, *_valid(now))
        .values(uses_left=invites.c.uses_left - 1)
    )
    if used.rowcount == 0:
        raise NotFound(_NO_INVITE)
    held = select(func.count()).where(members.c.list_id == invite.list_id)
    if (await connection.scalar(held) or 0) >= MAX_MEMBERS:
        raise Conflict(f"A list has at most {MAX_MEMBERS} members.", code="limit_reached")
    context = request.context
    person = person_json(context.actor)
    draft = draft_of(log, context.entry("member.added", user=person, role=invite.role), request)
    await write_rows(connection, invite.list_id, [(head + 1, draft)], {})
    made = await append(connection, head, [draft])
    joined = context.entry("list.joined", list=list_json(info), role=invite.role)
    inboxes = await append_inboxes(connection, [(request.actor, joined)], request)
    await demand_room_for_added(connection, request.actor)
    answer = {"list": list_json(info), "role": invite.role}
    committed = answer_with(
        200, answer, Position(request.epoch, made[-1].offset), (*made, *inboxes)
    )
    await remember(connection, request.actor, command, log, committed)
    return committed
