"""Keep sessions: one login on one device, and its family of refresh tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, insert, select, update

from store.actor import Actor
from store.control import append_control, session_revoked
from store.database import Pool
from store.errors import NotFound, Unauthenticated
from store.tables import sessions, users

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.database import Database
    from store.entry import Entry
    from store.refresh_tokens import RefreshTokens

__all__ = ["FamilyRevoked", "Grant", "Session", "Sessions"]

MAX_DEVICE = 200  # characters
MAX_SESSIONS = 100  # of one user; a script that logs in every minute must not grow without end
_RETRY = timedelta(seconds=10)
_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Grant:
    """Hold what a login or a refresh gives: who may act (session set), and the next token.

    ``entries`` were appended to the control log: sessions that had to make room.
    """

    actor: Actor
    refresh_token: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """Describe one login: the device that it named, when it began and was last refreshed.

    It ends at ``expires_at`` unless it is refreshed before, and at the latest 30 days after it
    began.
    """

    id: UUID
    device: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


class FamilyRevoked(Unauthenticated):
    """Refuse a refresh token that was used before: somebody holds a copy, so the session ended.

    ``entries`` were appended to the control log.
    """

    code = "token_reused"

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        super().__init__("This refresh token was used before, so its session has ended; log in.")
        self.entries = entries


class Sessions:
    """Open, refresh, list and end sessions.

    Each end is an entry ``session.revoked {session, user, at}`` of the control log, written in the
    same transaction, so no replica can miss it. ``idle`` is how long a refresh token counts.
    """

    def __init__(
        self,
        database: Database,
        tokens: RefreshTokens,
        *,
        idle: timedelta = timedelta(days=7),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._idle = idle
        self._now = now
        self._new_id = new_id

    async def open_in(
        self, connection: AsyncConnection, user_id: UUID, username: str, device: str
    ) -> Grant:
        """Begin a session, in a transaction of the AUTH pool.

        The user's dead sessions are cleared, and living ones over 100 end, longest unused first.
        """
        now, session = self._now(), self._new_id()
        await connection.execute(
            delete(sessions).where(sessions.c.user_id == user_id, ~self._alive(now))
        )
        surplus = (
            select(sessions.c.id)
            .where(sessions.c.user_id == user_id)
            .order_by(sessions.c.used_at.desc())
            .offset(MAX_SESSIONS - 1)
        )
        ended = (await connection.scalars(surplus)).all()
        entries: tuple[Entry, ...] = ()
        if ended:
            entries = await self.revoke_in(connection, user_id, sessions.c.id.in_(ended))
        await connection.execute(
            insert(sessions).values(
                id=session,
                user_id=user_id,
                device=device[:MAX_DEVICE],
                generation=1,
                created_at=now,
                used_at=now,
                rotated_at=now,
                expires_at=now + max(_LIFETIME, self._idle),
            )
        )
        return Grant(Actor(user_id, username, session), self._tokens.issue(session, 1), entries)

    async def rotate(self, token: str) -> Grant:
        """Trade a refresh token for the next one.

        Only the newest token counts. The one before it gives that same newest again within 10 s
        while that is unused: the answer was lost, or two tabs asked at once. Any older one ends
        the session: raises FamilyRevoked. Raises Unauthenticated for every other text.
        """
        read = self._tokens.read(token)
        if read is None:
            raise _no_session()
        session, generation = read

        async def work(connection: AsyncConnection) -> Grant | tuple[Entry, ...]:
            query = (
                select(sessions, users.c.username)
                .join(users, users.c.id == sessions.c.user_id)
                .where(sessions.c.id == session, users.c.disabled_at.is_(None))
                .with_for_update(of=sessions)
            )
            row = (await connection.execute(query)).one_or_none()
            now = self._now()
            if row is None or not self._is_alive(row, now) or generation > row.generation:
                raise _no_session()
            retried = generation == row.generation - 1 and now - row.rotated_at <= _RETRY
            if generation == row.generation:
                await connection.execute(
                    update(sessions)
                    .where(sessions.c.id == session)
                    .values(generation=generation + 1, used_at=now, rotated_at=now)
                )
            elif not retried:
                return await self.revoke_in(connection, row.user_id, sessions.c.id == session)
            actor = Actor(row.user_id, row.username, session)
            newest = max(generation + 1, row.generation)
            return Grant(actor, self._tokens.issue(session, newest))

        outcome = await self._database.transact(Pool.AUTH, None, work)
        if not isinstance(outcome, Grant):
            raise FamilyRevoked(outcome)
        return outcome

    def session_of(self, token: str) -> UUID | None:
        """Name the session that a refresh token of ours belongs to, whatever its generation."""
        read = self._tokens.read(token)
        return None if read is None else read[0]

    async def of(self, user_id: UUID) -> tuple[Session, ...]:
        """List the user's living sessions, the one used last first."""

        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            query = (
                select(sessions)
                .where(sessions.c.user_id == user_id, self._alive(self._now()))
                .order_by(sessions.c.used_at.desc(), sessions.c.id)
            )
            return (await connection.execute(query)).all()

        rows = await self._database.transact(Pool.AUTH, None, work, read_only=True)
        return tuple(
            Session(
                row.id,
                row.device,
                row.created_at,
                row.used_at,
                min(row.expires_at, row.used_at + self._idle),
            )
            for row in rows
        )

    async def revoke(self, user_id: UUID, session: UUID) -> tuple[Entry, ...]:
        """End one session of the user; NotFound when there is none alive with this id."""
        entries = await self._revoke(user_id, sessions.c.id == session)
        if not entries:
            raise NotFound
        return entries

    async def was(self, user_id: UUID, session: UUID) -> bool:
        """Tell whether the user has, or had, a session of this id."""

        async def work(connection: AsyncConnection) -> bool:
            same = (sessions.c.id == session) & (sessions.c.user_id == user_id)
            found = await connection.execute(select(sessions.c.id).where(same))
            return found.one_or_none() is not None

        return await self._database.transact(Pool.AUTH, None, work, read_only=True)

    async def revoke_by_token(self, token: str) -> tuple[Entry, ...]:
        """End the session that a refresh token belongs to; nothing for any other text."""
        session = self.session_of(token)
        return () if session is None else await self._revoke(None, sessions.c.id == session)

    async def revoke_all(self, user_id: UUID) -> tuple[Entry, ...]:
        """End all sessions of the user."""
        return await self._revoke(user_id, None)

    async def _revoke(
        self, user_id: UUID | None, which: ColumnElement[bool] | None
    ) -> tuple[Entry, ...]:
        async def work(connection: AsyncConnection) -> tuple[Entry, ...]:
            return await self.revoke_in(connection, user_id, which)

        return await self._database.transact(Pool.AUTH, None, work)

    async def revoke_in(
        self,
        connection: AsyncConnection,
        user_id: UUID | None,
        which: ColumnElement[bool] | None = None,
    ) -> tuple[Entry, ...]:
        """End the living sessions of a user (None: of anyone) that match ``which`` (None: all).

        Part of the caller's transaction in the AUTH pool; one entry per session ended. Sessions
        are locked before the control log's head, here and everywhere.
        """
        now = self._now()
        ended = (
            update(sessions)
            .where(self._alive(now))
            .values(revoked_at=now)
            .returning(sessions.c.id, sessions.c.user_id)
        )
        if user_id is not None:
            ended = ended.where(sessions.c.user_id == user_id)
        if which is not None:
            ended = ended.where(which)
        rows = (await connection.execute(ended)).all()
        drafts = [session_revoked(row.id, row.user_id, now) for row in rows]
        return await append_control(connection, drafts)

    def _alive(self, now: datetime) -> ColumnElement[bool]:
        return and_(
            sessions.c.revoked_at.is_(None),
            sessions.c.expires_at > now,
            sessions.c.used_at > now - self._idle,
        )

    def _is_alive(self, row: Row[Any], now: datetime) -> bool:
        alive: bool = (
            row.revoked_at is None and row.expires_at > now and row.used_at > now - self._idle
        )
        return alive


def _no_session() -> Unauthenticated:
    return Unauthenticated("This session has ended; log in again.", code="token_invalid")
