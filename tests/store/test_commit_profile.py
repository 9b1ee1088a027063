"""One's own profile changes field by field, and once per operation id."""

from __future__ import annotations

from uuid import UUID, uuid4

import orjson
import pytest

from store.actor import Actor
from store.errors import Invalid, NotFound, OpReused
from store.store import Store
from store.todo.commands import ProfileUpdate
from tests.store.making import People


async def change(store: Store, actor: Actor, **fields: object) -> dict[str, object]:
    """Change the profile; give what the owner is shown."""
    done = await store.commit(actor, ProfileUpdate.model_validate(fields))
    assert done.entries == ()
    answer: dict[str, object] = orjson.loads(done.body)
    return answer


async def test_a_profile_changes_field_by_field(store: Store, person: People) -> None:
    """An absent field stays, null clears, and a bad one changes nothing."""
    ann = await person("ann")
    await change(store, ann, email="ann@example.org")
    changed = await change(store, ann, display_name="  Ann Lee ")
    assert (changed["display_name"], changed["email"]) == ("Ann Lee", "ann@example.org")
    changed = await change(store, ann, email=None)
    assert (changed["display_name"], changed["email"]) == ("Ann Lee", None)
    with pytest.raises(Invalid) as refused:
        await change(store, ann, display_name="x" * 101, email="nowhere")
    assert [path for path, _ in refused.value.errors] == ["display_name", "email"]
    assert await change(store, ann) == changed
    assert (await change(store, ann, display_name=None))["display_name"] == ""


async def test_the_same_change_again_gives_the_first_answer(store: Store, person: People) -> None:
    """Whatever happened since; and its name is taken for any other change."""
    ann, op = await person("ann"), uuid4()
    first = await store.commit(ann, ProfileUpdate(op=op, display_name="Ann"))
    await change(store, ann, display_name="Anna")
    again = await store.commit(ann, ProfileUpdate(op=op, display_name="Ann"))
    assert (again.body, again.replayed) == (first.body, True)
    assert (await change(store, ann))["display_name"] == "Anna"
    with pytest.raises(OpReused):
        await store.commit(ann, ProfileUpdate(op=op, display_name="Anne"))
    with pytest.raises(OpReused):
        await store.commit(ann, ProfileUpdate(op=op, display_name="Ann", email=None))


async def test_nobody_changes_the_profile_of_nobody(store: Store) -> None:
    """An id without an account is nothing."""
    with pytest.raises(NotFound):
        await change(store, Actor(UUID(int=0), "nobody"), display_name="x")
