"""Hold what sessions and their refresh families promise, over both engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from store.errors import NotFound, Unauthenticated
from store.sessions import FamilyRevoked, Grant
from store.store import Store
from tests.store.account_parts import PASSWORD, Parts, sessions_in


@pytest.fixture
async def parts(store: Store) -> AsyncIterator[Parts]:
    """Give an account named ann over each engine in turn."""
    made = Parts(store)
    await made.accounts.register("ann", PASSWORD)
    yield made
    made.passwords.close()


async def _login(parts: Parts, device: str = "") -> Grant:
    return await parts.accounts.authenticate("ann", PASSWORD, device)


async def test_a_refresh_token_works_once(parts: Parts) -> None:
    """Each refresh gives the next token for the same person and session."""
    grant = await _login(parts)
    tokens = [grant.refresh_token]
    for _ in range(5):
        parts.clock.advance(minutes=30)
        after = await parts.sessions.rotate(tokens[-1])
        assert after.actor == grant.actor
        tokens.append(after.refresh_token)
    assert len(set(tokens)) == 6


async def test_a_lost_answer_is_given_again(parts: Parts) -> None:
    """For 10 s the token just traded gives the same successor, as often as it takes."""
    first = (await _login(parts)).refresh_token
    second = (await parts.sessions.rotate(first)).refresh_token
    for _ in range(3):
        parts.clock.advance(seconds=3)
        assert (await parts.sessions.rotate(first)).refresh_token == second
    await parts.sessions.rotate(second)
    assert await parts.control() == []


async def test_a_token_replayed_too_late_ends_the_session(parts: Parts) -> None:
    """After 10 s somebody else must have it: the newest token stops working, too."""
    grant = await _login(parts)
    second = (await parts.sessions.rotate(grant.refresh_token)).refresh_token
    parts.clock.advance(seconds=10.001)
    with pytest.raises(FamilyRevoked) as refused:
        await parts.sessions.rotate(grant.refresh_token)
    assert sessions_in(refused.value.entries) == {str(grant.actor.session)}
    assert [entry["session"] for entry in await parts.control()] == [str(grant.actor.session)]
    for token in (second, grant.refresh_token):
        with pytest.raises(Unauthenticated):
            await parts.sessions.rotate(token)
    assert len(await parts.control()) == 1


async def test_a_token_whose_successor_was_used_ends_the_session_at_once(parts: Parts) -> None:
    """Within the 10 s, too: the answer was not lost, its token has been used."""
    first = (await _login(parts)).refresh_token
    second = (await parts.sessions.rotate(first)).refresh_token
    third = (await parts.sessions.rotate(second)).refresh_token
    with pytest.raises(FamilyRevoked):
        await parts.sessions.rotate(first)
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(third)


async def test_another_session_survives_the_end_of_one(parts: Parts) -> None:
    """A replay ends its own family only."""
    one, other = await _login(parts), await _login(parts)
    await parts.sessions.rotate(one.refresh_token)
    parts.clock.advance(minutes=1)
    with pytest.raises(FamilyRevoked):
        await parts.sessions.rotate(one.refresh_token)
    await parts.sessions.rotate(other.refresh_token)


async def test_tabs_that_refresh_at_once_get_the_same_token(parts: Parts) -> None:
    """However many race, there is one successor and nobody is logged out."""
    first = (await _login(parts)).refresh_token
    grants = await asyncio.gather(*(parts.sessions.rotate(first) for _ in range(8)))
    (second,) = {grant.refresh_token for grant in grants}
    assert second != first
    await parts.sessions.rotate(second)


async def test_a_thief_and_an_owner_cannot_both_go_on(parts: Parts) -> None:
    """Whoever of two uses a copied token second, after a while, ends it for both."""
    stolen = (await _login(parts)).refresh_token
    thief = (await parts.sessions.rotate(stolen)).refresh_token
    parts.clock.advance(minutes=20)
    thief = (await parts.sessions.rotate(thief)).refresh_token
    with pytest.raises(FamilyRevoked):
        await parts.sessions.rotate(stolen)
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(thief)


async def test_a_token_from_the_future_is_refused(parts: Parts) -> None:
    """After a restore from a backup the family is behind its tokens: refused, not followed."""
    grant = await _login(parts)
    assert grant.actor.session is not None
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(parts.tokens.issue(grant.actor.session, 2))
    await parts.sessions.rotate(grant.refresh_token)


async def test_a_text_that_is_no_token_of_a_session_is_refused(parts: Parts) -> None:
    """Neither nonsense nor a good seal on an unknown session does anything."""
    for token in ("", "nonsense", "A" * 70, parts.tokens.issue(uuid4(), 1)):
        with pytest.raises(Unauthenticated):
            await parts.sessions.rotate(token)
        assert await parts.sessions.revoke_by_token(token) == ()


async def test_nothing_works_after_logout(parts: Parts) -> None:
    """The end is one entry; ending it again is nothing."""
    grant = await _login(parts)
    assert grant.actor.session is not None
    entries = await parts.sessions.revoke(grant.actor.id, grant.actor.session)
    assert sessions_in(entries) == {str(grant.actor.session)}
    with pytest.raises(Unauthenticated) as refused:
        await parts.sessions.rotate(grant.refresh_token)
    assert not isinstance(refused.value, FamilyRevoked)
    with pytest.raises(NotFound):
        await parts.sessions.revoke(grant.actor.id, grant.actor.session)
    assert len(await parts.control()) == 1


async def test_a_refresh_token_can_end_its_session(parts: Parts) -> None:
    """The page logs out with its cookie when its access token has expired."""
    grant = await _login(parts)
    assert len(await parts.sessions.revoke_by_token(grant.refresh_token)) == 1
    assert await parts.sessions.of(grant.actor.id) == ()


async def test_nobody_ends_the_session_of_another(parts: Parts) -> None:
    """Another's session id answers like a random one, and the session lives."""
    grant = await _login(parts)
    other = await parts.accounts.register("ben", PASSWORD)
    assert grant.actor.session is not None
    for session in (grant.actor.session, uuid4()):
        with pytest.raises(NotFound):
            await parts.sessions.revoke(other.id, session)
    await parts.sessions.rotate(grant.refresh_token)


async def test_all_sessions_end_together(parts: Parts) -> None:
    """One entry a session, in one transaction."""
    grants = [await _login(parts) for _ in range(3)]
    entries = await parts.sessions.revoke_all(grants[0].actor.id)
    assert sessions_in(entries) == {str(grant.actor.session) for grant in grants}
    assert [entry.offset for entry in entries] == [1, 2, 3]
    assert await parts.sessions.revoke_all(grants[0].actor.id) == ()


async def test_a_session_ends_when_it_is_not_refreshed_for_a_week(parts: Parts) -> None:
    """Seven days idle is the end; each refresh begins the seven days anew."""
    grant = await _login(parts)
    parts.clock.advance(days=6, hours=23)
    token = (await parts.sessions.rotate(grant.refresh_token)).refresh_token
    parts.clock.advance(days=6, hours=23)
    token = (await parts.sessions.rotate(token)).refresh_token
    parts.clock.advance(days=7)
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(token)
    assert await parts.sessions.of(grant.actor.id) == ()


async def test_a_session_ends_after_30_days_whatever_happens(parts: Parts) -> None:
    """A month after logging in the password is asked for again."""
    token = (await _login(parts)).refresh_token
    for _ in range(29):
        parts.clock.advance(days=1)
        token = (await parts.sessions.rotate(token)).refresh_token
    parts.clock.advance(days=1)
    with pytest.raises(Unauthenticated):
        await parts.sessions.rotate(token)


async def test_sessions_are_listed_with_the_latest_first(parts: Parts) -> None:
    """Each shows its device, when it was used and when it ends by itself."""
    phone = await _login(parts, "phone")
    parts.clock.advance(hours=1)
    laptop = await _login(parts, "x" * 500)
    parts.clock.advance(hours=1)
    await parts.sessions.rotate(phone.refresh_token)
    found = await parts.sessions.of(phone.actor.id)
    assert [session.id for session in found] == [phone.actor.session, laptop.actor.session]
    assert [session.device for session in found] == ["phone", "x" * 200]
    assert found[0].used_at == parts.clock()
    assert (found[0].expires_at - found[0].used_at).days == 7
    assert found[1].used_at == found[1].created_at


async def test_logging_in_over_and_over_ends_the_oldest(parts: Parts) -> None:
    """A hundred sessions a user at most; the one unused longest makes room."""
    first = await _login(parts)
    parts.clock.advance(seconds=1)
    for _ in range(99):
        await _login(parts)
    last = await _login(parts)
    assert sessions_in(last.entries) == {str(first.actor.session)}
    assert len(await parts.sessions.of(first.actor.id)) == 100
