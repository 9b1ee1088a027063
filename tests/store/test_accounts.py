"""Hold what accounts promise, over both engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from store.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from store.log_id import LogId
from store.store import Store
from store.todo.model import Role
from tests.store.account_parts import PASSWORD, Parts, sessions_in


@pytest.fixture
async def parts(store: Store) -> AsyncIterator[Parts]:
    """Give accounts over each engine in turn."""
    made = Parts(store)
    yield made
    made.passwords.close()


async def test_an_account_begins_with_an_inbox(parts: Parts) -> None:
    """Registering makes the account, its own log and one list of its own, made the usual way."""
    account = await parts.accounts.register("Ann", PASSWORD)
    assert (account.username, account.email, account.is_admin) == ("Ann", None, False)
    (inbox,) = await parts.store.lists_of(account.id)
    assert (inbox.info.id, inbox.info.title) == (account.inbox_id, "Inbox")
    assert (inbox.role, inbox.info.inbox) == (Role.OWNER, True)
    own = await parts.store.read_log(LogId.user(account.id), account.id, 0)
    assert [entry.type for entry in own.entries] == ["list.joined"]
    changes = await parts.store.read_log(LogId.list(account.inbox_id), account.id, 0)
    assert [entry.type for entry in changes.entries] == ["list.created", "member.added"]


async def test_a_name_is_taken_once(parts: Parts) -> None:
    """Case, width and look-alike scripts make no second name."""
    await parts.accounts.register("Coco", PASSWORD)
    for twin in ("Coco", "coco", "ＣＯＣＯ", "сосо"):
        with pytest.raises(Conflict) as refused:
            await parts.accounts.register(twin, PASSWORD)
        assert refused.value.code == "name_taken"


async def test_of_many_at_once_one_gets_the_name(parts: Parts) -> None:
    """A race for a name has one winner, and only the winner's password works."""
    words = [f"{word}-bench-4711" for word in ("tulip", "anvil", "comet", "gravel", "mosaic")]
    outcomes = await asyncio.gather(
        *(parts.accounts.register("ann", word) for word in words), return_exceptions=True
    )
    won = [word for word, made in zip(words, outcomes, strict=True) if not _refused(made)]
    assert len(won) == 1
    for word in words:
        if word in won:
            await parts.accounts.authenticate("ann", word)
        else:
            with pytest.raises(Unauthenticated):
                await parts.accounts.authenticate("ann", word)


def _refused(outcome: object) -> bool:
    if isinstance(outcome, BaseException):
        assert isinstance(outcome, Conflict)
        return True
    return False


async def test_every_broken_rule_is_named_at_once(parts: Parts) -> None:
    """A form can show all that is wrong, each with its field."""
    with pytest.raises(Invalid) as refused:
        await parts.accounts.register(".ann", "short", email="nowhere", display_name="\u202ename")
    assert [path for path, _ in refused.value.errors] == [
        "username",
        "display_name",
        "email",
        "password",
    ]


async def test_an_email_address_may_be_known_already(parts: Parts) -> None:
    """Registering never tells whether an address is known."""
    one = await parts.accounts.register("ann", PASSWORD, email="us@example.org")
    other = await parts.accounts.register("ben", PASSWORD, email="us@example.org")
    assert one.email == other.email == "us@example.org"


async def test_whoever_knows_the_password_gets_a_session(parts: Parts) -> None:
    """The name may be spelled in any case; the session names its device."""
    account = await parts.accounts.register("Ann", PASSWORD)
    grant = await parts.accounts.authenticate("ANN", PASSWORD, "phone")
    assert (grant.actor.id, grant.actor.username) == (account.id, "Ann")
    (session,) = await parts.sessions.of(account.id)
    assert (session.id, session.device) == (grant.actor.session, "phone")


async def test_wrong_name_wrong_password_and_disabled_account_are_alike(parts: Parts) -> None:
    """Nobody learns from a login which names exist."""
    await parts.accounts.register("ann", PASSWORD)
    await parts.accounts.register("off", PASSWORD)
    await parts.accounts.set_disabled("off", disabled=True)
    answers = set()
    for name, password in (
        ("ann", "wrong-bench-42"),
        ("nobody", PASSWORD),
        ("off", PASSWORD),
        ("", ""),
        ("\ud800", "\ud800"),
        ("x" * 100_000, "y" * 100_000),
    ):
        with pytest.raises(Unauthenticated) as refused:
            await parts.accounts.authenticate(name, password)
        answers.add((refused.value.code, refused.value.detail))
    assert len(answers) == 1


async def test_an_old_hash_is_replaced_at_the_next_login(store: Store) -> None:
    """Stronger parameters reach an account with its next login, and the password stays."""
    old, new = Parts(store), Parts(store, passes=2)
    await old.accounts.register("ann", PASSWORD)
    before = await old.stored_hash()
    await new.accounts.authenticate("ann", PASSWORD)
    after = await new.stored_hash()
    assert "t=1" in before
    assert "t=2" in after
    await new.accounts.authenticate("ann", PASSWORD)
    assert await new.stored_hash() == after


async def test_a_new_password_ends_every_other_session(parts: Parts) -> None:
    """The session that changed it stays; the others end in the same transaction."""
    account = await parts.accounts.register("ann", PASSWORD)
    here, *there = [await parts.accounts.authenticate("ann", PASSWORD) for _ in range(3)]
    parts.clock.advance(seconds=1)
    entries = await parts.accounts.change_password(
        account.id, here.actor.session, PASSWORD, "anvil-cloud-77"
    )
    assert entries is not None
    assert sessions_in(entries) == {str(grant.actor.session) for grant in there}
    assert [entry["user"] for entry in await parts.control()] == [str(account.id)] * 2
    assert [one.id for one in await parts.sessions.of(account.id)] == [here.actor.session]
    await parts.sessions.rotate(here.refresh_token)
    for grant in there:
        with pytest.raises(Unauthenticated):
            await parts.sessions.rotate(grant.refresh_token)
    await parts.accounts.authenticate("ann", "anvil-cloud-77")
    with pytest.raises(Unauthenticated):
        await parts.accounts.authenticate("ann", PASSWORD)


async def test_a_password_is_changed_only_with_the_current_one(parts: Parts) -> None:
    """A stolen session does not suffice to take the account over; nothing changes."""
    account = await parts.accounts.register("ann", PASSWORD)
    grant = await parts.accounts.authenticate("ann", PASSWORD)
    session = grant.actor.session
    with pytest.raises(Forbidden) as refused:
        await parts.accounts.change_password(account.id, session, "wrong", "anvil-cloud-77")
    assert refused.value.code == "wrong_password"
    with pytest.raises(Invalid):
        await parts.accounts.change_password(account.id, session, PASSWORD, "password1234")
    await parts.accounts.authenticate("ann", PASSWORD)
    assert await parts.control() == []


async def test_a_login_that_overlaps_a_change_of_the_password_fails(parts: Parts) -> None:
    """No session begins with the old password after the change ended all sessions."""
    account = await parts.accounts.register("ann", PASSWORD)
    verified = asyncio.Event()
    changed = asyncio.Event()
    verify = parts.passwords.verify

    async def slow(hashed: str | None, password: str) -> object:
        verdict = await verify(hashed, password)
        verified.set()
        await changed.wait()
        return verdict

    late = Parts(parts.store)
    late.passwords.verify = slow  # type: ignore[method-assign, assignment]
    login = asyncio.create_task(late.accounts.authenticate("ann", PASSWORD))
    await verified.wait()
    parts.clock.advance(seconds=1)
    await parts.accounts.change_password(account.id, None, PASSWORD, "anvil-cloud-77")
    changed.set()
    with pytest.raises(Unauthenticated):
        await login
    assert await parts.sessions.of(account.id) == ()


async def test_disabling_ends_every_session_at_once(parts: Parts) -> None:
    """One entry says so for all sessions; allowing the account again does not bring them back."""
    account = await parts.accounts.register("ann", PASSWORD)
    grant = await parts.accounts.authenticate("ann", PASSWORD)
    await parts.accounts.set_disabled("ANN", disabled=True)
    (entry,) = await parts.control()
    assert (entry["type"], entry["session"], entry["user"]) == (
        "session.revoked",
        None,
        str(account.id),
    )
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(grant.refresh_token)
    assert await parts.accounts.set_disabled("ann", disabled=False) == ()
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(grant.refresh_token)
    await parts.accounts.authenticate("ann", PASSWORD)


async def test_an_administrator_can_replace_a_forgotten_password(parts: Parts) -> None:
    """The new one works, the old one does not, and whoever was logged in is not any more."""
    account = await parts.accounts.register("ann", PASSWORD)
    await parts.accounts.authenticate("ann", PASSWORD)
    entries = await parts.accounts.set_password("ann", "anvil-cloud-77")
    assert len(entries) == 1
    assert await parts.sessions.of(account.id) == ()
    await parts.accounts.authenticate("ann", "anvil-cloud-77")


async def test_an_account_is_made_administrator_and_back(parts: Parts) -> None:
    """Only this call changes it; a name that nobody has is said so."""
    await parts.accounts.register("ann", PASSWORD)
    await parts.accounts.set_admin("ann", is_admin=True)
    assert (await parts.accounts.find("ann")).is_admin
    await parts.accounts.set_admin("ann", is_admin=False)
    assert not (await parts.accounts.find("ann")).is_admin
    with pytest.raises(NotFound):
        await parts.accounts.set_admin("nobody", is_admin=True)


async def test_nobody_sees_the_profile_of_nobody(parts: Parts) -> None:
    """An id without an account is nothing."""
    with pytest.raises(NotFound):
        await parts.accounts.profile(uuid4())
