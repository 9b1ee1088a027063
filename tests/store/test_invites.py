"""Invitations open a list to whoever holds the token, as often and as long as they say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.committed import Committed
from store.database import Pool
from store.errors import Forbidden, NotFound, OpReused
from store.invites import Invites
from store.log_id import LogId
from store.store import Store
from store.tables import invites as invites_table
from store.tables import ops
from store.todo.commands import InviteAccept, InviteCreate, ListDelete
from tests.store.making import People, new_list

KEY = b"i" * 32


def id_of(made: Committed) -> UUID:
    """Give the id of an invitation that was made."""
    return UUID(orjson.loads(made.body)["id"])


async def test_a_token_opens_the_list_in_the_role_it_names(store: Store, person: People) -> None:
    """Joining is an entry of the list's log and of the newcomer's inbox."""
    ann, bob = await person("ann"), await person("bob")
    list_id = await new_list(store, ann)
    _, token = await Invites(store, KEY).create(
        ann.id, InviteCreate(list_id=list_id, role="viewer")
    )
    assert await Invites(store, KEY).opens(token)
    joined = await store.commit(bob, InviteAccept(token=token, op=uuid4()))
    assert [(entry.type, entry.log) for entry in joined.entries] == [
        ("member.added", LogId.list(list_id)),
        ("list.joined", LogId.user(bob.id)),
    ]
    assert joined.entries[0].subject == bob.id
    assert orjson.loads(joined.body)["role"] == "viewer"
    assert len((await store.snapshot(bob.id, list_id)).members) == 2


async def test_a_member_who_follows_the_link_again_changes_nothing(
    store: Store, person: People
) -> None:
    """Nor does it cost a use, and an owner is not demoted by it."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    invites = Invites(store, KEY)
    _, token = await invites.create(ann.id, InviteCreate(list_id=list_id, role="viewer", uses=1))
    again = await store.commit(ann, InviteAccept(token=token))
    assert (again.entries, orjson.loads(again.body)["role"]) == ((), "owner")
    assert [invite.uses_left for invite in await invites.of_list(ann.id, list_id)] == [1]
    bob, eve = await person("bob"), await person("eve")
    first = await store.commit(bob, InviteAccept(token=token))
    later = await store.commit(bob, InviteAccept(token=token))
    assert (later.entries, later.status, later.position) == ((), 200, first.position)
    with pytest.raises(NotFound):
        await store.commit(eve, InviteAccept(token=token))


async def test_the_last_use_is_given_once(store: Store, person: People) -> None:
    """Of several who come at once with a token for two, two get in."""
    ann = await person("ann")
    others = [await person(name) for name in ("bob", "cyd", "dan", "eve")]
    list_id = await new_list(store, ann)
    _, token = await Invites(store, KEY).create(
        ann.id, InviteCreate(list_id=list_id, role="editor", uses=2)
    )
    outcomes = await asyncio.gather(
        *(store.commit(other, InviteAccept(token=token)) for other in others),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, NotFound) for outcome in outcomes) == 2
    assert len((await store.snapshot(ann.id, list_id)).members) == 3


async def test_withdrawn_expired_unknown_and_orphaned_tokens_are_alike(
    store: Store, person: People
) -> None:
    """None says which of them it is."""
    ann, bob = await person("ann"), await person("bob")
    invites = Invites(store, KEY)
    withdrawn_list, expired_list, deleted_list = [await new_list(store, ann) for _ in range(3)]
    withdrawn, first = await invites.create(
        ann.id, InviteCreate(list_id=withdrawn_list, role="editor")
    )
    await invites.revoke(ann.id, withdrawn_list, id_of(withdrawn))
    await invites.revoke(ann.id, withdrawn_list, id_of(withdrawn))
    store.now = lambda: datetime.now(UTC) - timedelta(hours=1)
    _, second = await invites.create(
        ann.id, InviteCreate(list_id=expired_list, role="editor", expires_in=60)
    )
    store.now = lambda: datetime.now(UTC)
    _, third = await invites.create(ann.id, InviteCreate(list_id=deleted_list, role="editor"))
    await store.commit(ann, ListDelete(list_id=deleted_list))
    details = set()
    for token in (first, second, third, "no such token"):
        assert not await invites.opens(token)
        with pytest.raises(NotFound) as refused:
            await store.commit(bob, InviteAccept(token=token))
        details.add(refused.value.detail)
    assert len(details) == 1
    assert await store.lists_of(bob.id) == ()
    assert await invites.of_list(ann.id, withdrawn_list) == ()


async def test_only_owners_make_see_and_withdraw_invitations(store: Store, person: People) -> None:
    """An editor is refused, a stranger finds nothing."""
    ann, bob, eve = await person("ann"), await person("bob"), await person("eve")
    list_id = await new_list(store, ann, bob)
    invites = Invites(store, KEY)
    invite, _ = await invites.create(ann.id, InviteCreate(list_id=list_id, role="editor"))
    for actor, refusal in ((bob, Forbidden), (eve, NotFound)):
        with pytest.raises(refusal):
            await invites.create(actor.id, InviteCreate(list_id=list_id, role="editor"))
        with pytest.raises(refusal):
            await invites.of_list(actor.id, list_id)
        with pytest.raises(refusal):
            await invites.revoke(actor.id, list_id, id_of(invite))
    with pytest.raises(NotFound):
        await invites.revoke(ann.id, list_id, uuid4())


async def test_the_same_request_again_gives_the_same_token(store: Store, person: People) -> None:
    """From any replica, and though no token is kept: it is derived with a key from the id."""
    ann, bob = await person("ann"), await person("bob")
    list_id, op = await new_list(store, ann), uuid4()
    command = InviteCreate(list_id=list_id, role="viewer", op=op)
    first, token = await Invites(store, KEY).create(ann.id, command)
    again, same = await Invites(store, KEY).create(ann.id, command)
    assert (first.replayed, again.replayed) == (False, True)
    assert (first.body, token) == (again.body, same)
    assert len(await Invites(store, KEY).of_list(ann.id, list_id)) == 1
    other = InviteCreate(list_id=list_id, role="editor", op=op)
    with pytest.raises(OpReused):
        await Invites(store, KEY).create(ann.id, other)
    _, another = await Invites(store, KEY).create(
        ann.id, InviteCreate(list_id=list_id, role="viewer")
    )
    assert another != token
    await store.commit(bob, InviteAccept(token=token))

    async def kept(connection: AsyncConnection) -> str:
        rows = [
            *await connection.execute(select(invites_table)),
            *await connection.execute(select(ops.c.body)),
        ]
        return repr(rows)

    assert token not in await store.database.transact(Pool.APP, ann.id, kept, read_only=True)


async def test_the_same_request_twice_at_once_makes_one_invitation(
    store: Store, person: People
) -> None:
    """Whichever comes second waits and gets the first one's answer."""
    ann = await person("ann")
    list_id = await new_list(store, ann)
    invites = Invites(store, KEY)
    command = InviteCreate(list_id=list_id, role="viewer", op=uuid4())
    made = await asyncio.gather(*(invites.create(ann.id, command) for _ in range(4)))
    assert len({token for _, token in made}) == 1
    assert len(await invites.of_list(ann.id, list_id)) == 1
