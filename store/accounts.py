"""Keep accounts: who there is, and how they prove who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from store.append import create_log
from store.commit_list import commit_list_create
from store.control import append_control, session_revoked
from store.database import Pool
from store.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from store.log_id import LogId
from store.password_rules import password_fault
from store.profiles import checked_display_name, checked_email
from store.request import Request
from store.tables import credentials, sessions, users
from store.todo.commands import ListCreate
from store.todo.decision import Context
from store.todo.model import Person, instant
from store.usernames import checked_username, name_key

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from store.database import Database
    from store.entry import Entry
    from store.passwords import Passwords
    from store.sessions import Grant, Sessions

__all__ = ["Account", "Accounts"]


@dataclass(frozen=True, slots=True)
class Account:
    """Describe an account to its owner.

    ``display_name`` empty: none given; ``email`` None: none given. ``inbox_id`` is the list that
    every account keeps.
    """

    id: UUID
    username: str
    display_name: str
    email: str | None
    is_admin: bool
    inbox_id: UUID
    created_at: datetime


class Accounts:
    """Register, authenticate and administer users.

    Every call is at most a few transactions, each whole or not at all, and raises store.errors. An
    e-mail address is nobody's proof of anything, so it need not be unique, and nothing here tells
    whether one is known.
    """

    def __init__(
        self,
        database: Database,
        epoch: str,
        passwords: Passwords,
        sessions: Sessions,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._database = database
        self._epoch = epoch
        self._passwords = passwords
        self._sessions = sessions
        self._now = now
        self._new_id = new_id

    async def register(
        self, username: str, password: str, *, email: str | None = None, display_name: str = ""
    ) -> Account:
        """Make an account, its credentials, its log and its Inbox, in one transaction.

        Raises Invalid with every rule broken, Conflict (``name_taken``) when someone has this name
        or one that cannot be told from it, Unavailable when too many passwords wait for hashing.
        """
        faults: list[tuple[str, str]] = []
        values = {
            "username": _checked("username", checked_username, username, faults),
            "display_name": _checked("display_name", checked_display_name, display_name, faults),
            "email": email and _checked("email", checked_email, email, faults),
        }
        if fault := password_fault(password, username):
            faults.append(("password", fault))
        if faults:
            raise Invalid(faults)
        name = str(values["username"])
        if await self._find(name) is not None:  # spares the work of hashing; the index decides
            raise _name_taken()
        hashed = await self._passwords.hash(password)
        user_id, inbox_id, now = self._new_id(), self._new_id(), self._now()
        inbox = ListCreate(id=inbox_id, title="Inbox")
        context = Context(Person(user_id, name), self._new_id(), str(instant(now)), self._new_id())

        async def work(connection: AsyncConnection) -> None:
            row = {"id": user_id, "name_key": name_key(name), "inbox_id": inbox_id}
            await connection.execute(insert(users).values(**row, **values, created_at=now))
            await connection.execute(
                insert(credentials).values(user_id=user_id, password_hash=hashed, changed_at=now)
            )
            await create_log(connection, LogId.user(user_id))
            await commit_list_create(connection, inbox, Request(context, self._epoch), inbox=True)

        try:
            await self._database.transact(Pool.APP, user_id, work)
        except IntegrityError as error:
            raise _name_taken() from error
        return await self.profile(user_id)

    async def authenticate(self, username: str, password: str, device: str = "") -> Grant:
        """Begin a session for whoever knows the password.

        Unknown name, wrong password and disabled account answer alike and take alike: raises
        Unauthenticated. Raises Unavailable when too many passwords wait for hashing. A hash made
        with older parameters is replaced.
        """
        row = await self._find(username)
        verdict = await self._passwords.verify(row and row.password_hash, password)
        if row is None or not verdict.fits:
            raise _wrong_login()

        async def work(connection: AsyncConnection) -> Grant | None:
            # Locked, so that no session can begin beside a change of the password that ends all.
            if not await self._still(connection, row):
                return None
            if verdict.rehash is not None:
                await connection.execute(
                    update(credentials)
                    .where(credentials.c.user_id == row.id)
                    .values(password_hash=verdict.rehash)
                )
            return await self._sessions.open_in(connection, row.id, row.username, device)

        grant = await self._database.transact(Pool.AUTH, None, work)
        if grant is None:
            raise _wrong_login()
        return grant

    async def change_password(
        self, user_id: UUID, session: UUID | None, current: str, new: str, *, repeats: bool = False
    ) -> tuple[Entry, ...] | None:
        """Replace the password and end every session but ``session``.

        Returns the entries of the control log. ``repeats``: it may have been done before; then None
        says that ``new`` is the password already. Nothing about a password is kept to compare a
        repeat with, so that is what tells. Raises Forbidden (``wrong_password``), Invalid, or
        Unavailable.
        """
        row = await self._find_by(users.c.id == user_id)
        verdict = await self._passwords.verify(row and row.password_hash, current)
        if row is None or not verdict.fits:
            if row is not None and repeats:
                done = await self._passwords.verify(row.password_hash, new)
                if done.fits:
                    return None
            raise _wrong_password()
        if fault := password_fault(new, row.username):
            raise Invalid([("new_password", fault)])
        hashed = await self._passwords.hash(new)

        async def work(connection: AsyncConnection) -> tuple[Entry, ...] | None:
            if not await self._still(connection, row):
                return None
            await self._write_password(connection, user_id, hashed)
            others = None if session is None else sessions.c.id != session
            return await self._sessions.revoke_in(connection, user_id, others)

        entries = await self._database.transact(Pool.AUTH, None, work)
        if entries is None:
            raise _wrong_password()
        return entries

    async def set_password(self, username: str, new: str) -> tuple[Entry, ...]:
        """Replace a password on an administrator's word and end every session of the user."""
        row = await self._known(username)
        if fault := password_fault(new, row.username):
            raise Invalid([("new_password", fault)])
        hashed = await self._passwords.hash(new)

        async def work(connection: AsyncConnection) -> tuple[Entry, ...]:
            await self._write_password(connection, row.id, hashed)
            return await self._sessions.revoke_in(connection, row.id)

        return await self._database.transact(Pool.AUTH, None, work)

    async def profile(self, user_id: UUID) -> Account:
        """Read the account of its owner; raises NotFound."""

        async def work(connection: AsyncConnection) -> Row[Any] | None:
            query = select(users).where(users.c.id == user_id)
            return (await connection.execute(query)).one_or_none()

        row = await self._database.transact(Pool.APP, user_id, work, read_only=True)
        if row is None:
            raise NotFound
        return _account(row)

    async def find(self, username: str) -> Account:
        """Find an account by its name, for administration; raises NotFound."""
        return _account(await self._known(username))

    async def set_admin(self, username: str, *, is_admin: bool) -> None:
        """Let a user send broadcasts, or no longer; raises NotFound."""
        row = await self._known(username)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(
                update(users).where(users.c.id == row.id).values(is_admin=is_admin)
            )

        await self._database.transact(Pool.AUTH, None, work)

    async def set_disabled(self, username: str, *, disabled: bool) -> tuple[Entry, ...]:
        """Lock a user out everywhere, at once, or let them log in again; raises NotFound.

        Returns the entries of the control log: one for all sessions of the user.
        """
        row = await self._known(username)

        async def work(connection: AsyncConnection) -> tuple[Entry, ...]:
            now = self._now()
            await connection.execute(
                update(users)
                .where(users.c.id == row.id)
                .values(disabled_at=now if disabled else None)
            )
            if not disabled:
                return ()
            await connection.execute(
                update(sessions)
                .where(sessions.c.user_id == row.id, sessions.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            return await append_control(connection, [session_revoked(None, row.id, now)])

        return await self._database.transact(Pool.AUTH, None, work)

    async def _find(self, username: str) -> Row[Any] | None:
        # What PostgreSQL cannot store or UTF-8 cannot spell is nobody's name.
        if len(username) > 1024 or any(
            char == "\0" or "\ud800" <= char <= "\udfff" for char in username
        ):
            return None
        return await self._find_by(users.c.name_key == name_key(username))

    async def _known(self, username: str) -> Row[Any]:
        row = await self._find(username)
        if row is None:
            raise NotFound("There is no account of this name.", code="user_not_found")
        return row

    async def _find_by(self, which: Any) -> Row[Any] | None:
        async def work(connection: AsyncConnection) -> Row[Any] | None:
            query = (
                select(users, credentials.c.password_hash, credentials.c.changed_at)
                .join(credentials, credentials.c.user_id == users.c.id)
                .where(which)
            )
            return (await connection.execute(query)).one_or_none()

        return await self._database.transact(Pool.AUTH, None, work, read_only=True)

    async def _still(self, connection: AsyncConnection, seen: Row[Any]) -> bool:
        """Tell whether the password is the one seen and the account in use, locking both rows."""
        query = (
            select(credentials.c.changed_at, users.c.disabled_at)
            .join(users, users.c.id == credentials.c.user_id)
            .where(credentials.c.user_id == seen.id)
            .with_for_update()
        )
        row = (await connection.execute(query)).one_or_none()
        return row is not None and row.disabled_at is None and row.changed_at == seen.changed_at

    async def _write_password(
        self, connection: AsyncConnection, user_id: UUID, hashed: str
    ) -> None:
        await connection.execute(
            update(credentials)
            .where(credentials.c.user_id == user_id)
            .values(password_hash=hashed, changed_at=self._now())
        )


def _checked(
    path: str, check: Callable[[str], str], text: str, faults: list[tuple[str, str]]
) -> str:
    try:
        return check(text)
    except ValueError as fault:
        faults.append((path, str(fault)))
        return ""


def _account(row: Row[Any]) -> Account:
    return Account(
        row.id,
        row.username,
        row.display_name,
        row.email,
        row.is_admin,
        row.inbox_id,
        row.created_at,
    )


def _name_taken() -> Conflict:
    message = "This username is taken, or looks like one that is; choose another."
    return Conflict(message, code="name_taken")


def _wrong_login() -> Unauthenticated:
    return Unauthenticated("The username or the password is wrong.", code="wrong_login")


def _wrong_password() -> Forbidden:
    return Forbidden("The current password is wrong.", code="wrong_password")
