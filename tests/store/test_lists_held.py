"""An account is in a bounded number of lists, and nobody else decides whether it may make one."""

from __future__ import annotations

import asyncio

import pytest

from store.actor import Actor
from store.errors import Conflict, LockstepError
from store.invites import Invites
from store.log_id import LogId
from store.store import Store
from store.todo.commands import (
    InviteAccept,
    InviteCreate,
    ListCreate,
    ListDelete,
    MemberRemove,
    MemberSet,
)
from tests.store.making import People, new_list

BOUND = 3


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few lists reach the bound."""
    monkeypatch.setattr("store.lists_held.MAX_LISTS", BOUND)


async def inbox_head(store: Store, who: Actor) -> int:
    """Give the last offset of a person's inbox."""
    return (await store.read_log(LogId.user(who.id), who.id, None)).head


def refused(outcomes: list[object]) -> list[str]:
    """Name why those that were refused were."""
    return [outcome.code for outcome in outcomes if isinstance(outcome, LockstepError)]


async def test_who_is_in_enough_lists_is_added_to_no_other(store: Store, person: People) -> None:
    """Neither by an owner nor by an invitation; a refusal leaves nothing, leaving makes room."""
    ann, bob = await person("ann"), await person("bob")
    mine = [await new_list(store, ann, bob) for _ in range(BOUND)]
    other = await new_list(store, bob)
    head = await inbox_head(store, bob)
    eve = await person("eve")
    more = await new_list(store, eve)
    invites = Invites(store, b"i" * 32)
    _, token = await invites.create(eve.id, InviteCreate(list_id=more, role="viewer", uses=1))
    for actor, command in (
        (eve, MemberSet(list_id=more, username="bob", role="editor")),
        (bob, InviteAccept(token=token)),
    ):
        with pytest.raises(Conflict) as full:
            await store.commit(actor, command)
        assert full.value.code == "limit_reached"
    assert await inbox_head(store, bob) == head
    assert (await store.read_log(LogId.list(more), eve.id, None)).head == 2
    # Who is in already gets other roles as before.
    await store.commit(ann, MemberSet(list_id=mine[0], username="bob", role="viewer"))
    await store.commit(bob, MemberRemove(list_id=mine[0], username="bob"))
    await store.commit(bob, ListDelete(list_id=other))
    await store.commit(bob, InviteAccept(token=token))


async def test_lists_of_others_do_not_keep_anybody_from_making_one(
    store: Store, person: People
) -> None:
    """Whatever role one is given there: only lists that one made count."""
    ann, bob = await person("ann"), await person("bob")
    for _ in range(BOUND):
        await new_list(store, ann, bob, role="owner")
    made = [await new_list(store, bob) for _ in range(BOUND)]
    with pytest.raises(Conflict) as full:
        await store.commit(bob, ListCreate(title="one more"))
    assert full.value.code == "limit_reached"
    assert len(await store.lists_of(bob.id)) == 2 * BOUND
    await store.commit(bob, ListDelete(list_id=made[0]))
    await new_list(store, bob)


async def test_lists_made_at_once_do_not_pass_the_bound(store: Store, person: People) -> None:
    """Each counts those before it."""
    ann = await person("ann")
    outcomes: list[object] = await asyncio.gather(
        *(store.commit(ann, ListCreate(title=str(number))) for number in range(2 * BOUND)),
        return_exceptions=True,
    )
    assert refused(outcomes) == ["limit_reached"] * BOUND
    assert len(await store.lists_of(ann.id)) == BOUND


async def test_lists_joined_at_once_do_not_pass_the_bound(store: Store, person: People) -> None:
    """Several owners add the same person at the same moment."""
    ann = await person("ann")
    owners = [await person(f"owner{number}") for number in range(2 * BOUND)]
    theirs = [(owner, await new_list(store, owner)) for owner in owners]
    outcomes: list[object] = await asyncio.gather(
        *(
            store.commit(owner, MemberSet(list_id=list_id, username="ann", role="viewer"))
            for owner, list_id in theirs
        ),
        return_exceptions=True,
    )
    assert refused(outcomes) == ["limit_reached"] * BOUND
    assert len(await store.lists_of(ann.id)) == BOUND
    assert await inbox_head(store, ann) == BOUND
