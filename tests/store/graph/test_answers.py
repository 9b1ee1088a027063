"""Tests of what every graph answers, and of what it keeps to itself."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from store.graph.answers import (
    Companion,
    Dependency,
    Impact,
    LabelHint,
    ListDependencies,
    ListHints,
    PeopleHints,
    Recommendations,
    Waiting,
)
from store.graph.graph import Graph
from store.graph.model import Delta, ListGraph, Membership, TodoNode
from store.graph.ranking import DAY_MS, HOUR_MS
from store.graph.terms import terms_of
from store.todo.model import Role

NOW = 1_800_000_000_000
SHOP, WORK, SECRET, NOWHERE = (UUID(int=(1 << 120) + number) for number in (1, 2, 3, 4))
MINUTE_MS = 60_000


def members(**roles: str) -> dict[str, Membership]:
    """Make members by their roles."""
    return {
        name: Membership(UUID(int=sum(name.encode())), Role(role)) for name, role in roles.items()
    }


def todo(number: int, title: str = "milk", *waits_for: int, **fields: object) -> TodoNode:
    """Make an open todo that ann created just now."""
    made = TodoNode(
        _id(number), title, 0, NOW, "ann", terms=terms_of(title), blocked_by=frozenset()
    )
    return replace(made, blocked_by=frozenset(map(_id, waits_for)), **fields)  # type: ignore[arg-type]


def done(number: int, title: str, by: str, *waits_for: int, **fields: object) -> TodoNode:
    """Make a completed todo."""
    return todo(number, title, *waits_for, completed=NOW, completed_by=by, **fields)


def _id(number: int) -> UUID:
    return UUID(int=(2 << 120) + number)


async def put(graph: Graph, list_id: UUID, people: dict[str, Membership], *todos: TodoNode) -> None:
    """Have a list in the graph."""
    whole = ListGraph(list_id, 9, "List", members=people, todos={one.id: one for one in todos})
    await graph.replace(await graph.generation("one"), whole)


# --- what to do next ------------------------------------------------------------------------------


async def test_what_can_be_done_now_is_ranked_over_all_lists(graph: Graph) -> None:
    """Each with its points and its reasons, and the offsets of the lists looked at."""
    await put(
        graph,
        SHOP,
        members(ann="editor", bob="editor"),
        todo(1, "plain"),
        todo(2, "due tomorrow", due=NOW + DAY_MS),
        todo(3, "the key", 4, priority=1, assignees=frozenset({"ann", "bob"})),
        done(4, "the lock", "bob"),
        todo(5, "waits", 3, due=NOW + HOUR_MS, priority=3, created_by="cyd"),
        todo(6, "waits too", 5, created_by="bob"),
        todo(7, "bob's", assignees=frozenset({"bob"})),
        todo(8, "in the trash", priority=3, deleted=True),
    )
    await put(graph, WORK, members(ann="owner"), todo(11, "old", created=NOW - 9 * DAY_MS))
    await put(graph, SECRET, members(ann="viewer", bob="owner"), todo(21, "look", priority=3))
    found = await graph.recommend("ann", NOW, 9)
    assert [(one.todo_id, one.list_id, one.score) for one in found.items] == [
        (_id(3), SHOP, 10 + 40 + 4 + 99 + 50 + 20),
        (_id(2), SHOP, 92),
        (_id(11), WORK, 3),
        (_id(1), SHOP, 0),
    ]
    assert found.offsets == {SHOP: 9, WORK: 9, SECRET: 9}
    reasons = {one.kind: one for one in found.items[0].reasons}
    assert {kind: one.points for kind, one in reasons.items()} == {
        "priority": 10,
        "assigned": 40,
        "unblocks": 4 + 99 + 50 + 20,
    }
    assert reasons["unblocks"].facts == {"todos": 2, "people": 2, "due_in_hours": 1}
    assert found.items[3].reasons == ()
    first = await graph.recommend("ann", NOW, 2)
    assert first == replace(found, items=found.items[:2])
    assert [one.todo_id for one in (await graph.recommend("bob", NOW, 3)).items] == [
        _id(3),
        _id(2),
        _id(21),
    ]


async def test_equal_points_go_by_date_then_age_then_id(graph: Graph) -> None:
    """So that asking again gives the same."""
    far = NOW + 20 * DAY_MS
    todos = [
        todo(1, due=far + 1),
        todo(2, due=far),
        todo(3, created=NOW - 1),
        todo(5),
        todo(4),
        todo(6, created=NOW + DAY_MS),
    ]
    await put(graph, SHOP, members(ann="owner"), *todos)
    found = await graph.recommend("ann", NOW, 9)
    assert [one.todo_id for one in found.items] == [_id(number) for number in (2, 1, 3, 4, 5, 6)]


async def test_what_was_waited_for_is_ready_as_soon_as_it_is_not(graph: Graph) -> None:
    """Completed, deleted, purged or let go: the next answer knows."""
    waiting = [todo(number, "waits", number + 10) for number in range(1, 5)]
    blockers = [todo(number + 10, "blocks", priority=3) for number in range(1, 5)]
    await put(graph, SHOP, members(ann="owner"), *waiting, *blockers)
    before = await graph.recommend("ann", NOW, 9)
    assert {one.todo_id for one in before.items} == {one.id for one in blockers}
    delta = Delta(
        SHOP,
        9,
        14,
        purged=frozenset({_id(13)}),
        changed={
            _id(11): {"completed": NOW, "completed_by": "ann", "offset": 11},
            _id(12): {"deleted": True, "offset": 12},
            _id(4): {"offset": 14},
        },
        blocked={(_id(4), _id(14)): False},
    )
    await graph.apply(await graph.generation("one"), [delta])
    after = await graph.recommend("ann", NOW, 9)
    assert [one.todo_id for one in after.items] == [_id(number) for number in (14, 1, 2, 3, 4)]
    assert after.offsets == {SHOP: 14}
    undone = Delta(SHOP, 14, 15, changed={_id(11): {"completed": None, "offset": 15}})
    await graph.apply(await graph.generation("one"), [undone])
    again = await graph.recommend("ann", NOW, 9)
    assert _id(1) not in {one.todo_id for one in again.items}


# --- dependencies ---------------------------------------------------------------------------------


async def test_the_impact_of_a_todo_is_all_that_waits_for_it(graph: Graph) -> None:
    """Nearest first, each once, through open todos only."""
    await put(
        graph,
        SHOP,
        members(ann="owner"),
        todo(1, "root"),
        todo(2, "near", 1, assignees=frozenset({"cyd", "bob"})),
        todo(3, "far and near", 1, 2),
        todo(4, "far", 2, 3, created_by="dan"),
        done(5, "done", "ann", 1),
        todo(6, "behind what is done", 5),
        todo(7, "deleted", 1, deleted=True),
    )
    assert await graph.impact("ann", _id(1)) == Impact(
        SHOP,
        9,
        (
            Waiting(_id(2), 1),
            Waiting(_id(3), 1),
            Waiting(_id(4), 2),
        ),
    )
    assert await graph.impact("ann", _id(4)) == Impact(SHOP, 9, ())
    assert await graph.impact("ann", _id(5)) == Impact(SHOP, 9, ())
    assert await graph.impact("ann", _id(99)) == Impact(None, 0, ())


async def test_a_list_s_dependencies_are_those_of_live_todos(graph: Graph) -> None:
    """Completed ones are drawn too; what stands alone is only counted."""
    await put(
        graph,
        SHOP,
        members(ann="viewer"),
        todo(1, "root", estimate_min=5),
        done(2, "done", "ann", 1),
        todo(3, "end", 2, 1, 4),
        todo(4, "deleted", deleted=True),
        todo(5, "waits for what is deleted", 4),
        todo(6, "alone"),
    )
    assert await graph.dependencies("ann", SHOP) == ListDependencies(
        9,
        (
            Dependency(_id(1), "root", False, 5, ()),
            Dependency(_id(2), "done", True, None, (_id(1),)),
            Dependency(_id(3), "end", False, None, (_id(1), _id(2))),
        ),
        2,
    )


# --- people, labels, companions -------------------------------------------------------------------


async def test_those_who_share_lists_may_be_invited(graph: Graph) -> None:
    """The more lists they share, and the more of this list's members they meet there."""
    await put(graph, SHOP, members(ann="owner", bob="editor"))
    await put(graph, WORK, members(ann="viewer", bob="editor", cyd="editor", dan="viewer"))
    await put(graph, SECRET, members(ann="owner", dan="editor"))
    found = await graph.people("ann", SHOP, 9)
    assert found is not None
    assert [
        (one.username, one.score, {reason.kind: reason.points for reason in one.reasons})
        for one in found.invite
    ] == [
        ("dan", 25, {"shares_lists": 20, "knows_members": 5}),
        ("cyd", 15, {"shares_lists": 10, "knows_members": 5}),
    ]
    first = await graph.people("ann", SHOP, 1)
    assert first == replace(found, invite=found.invite[:1], assign=found.assign[:1])


async def test_those_who_did_such_things_may_be_assigned(graph: Graph) -> None:
    """Members who may write, by what they did and what they have to do."""
    await put(
        graph,
        SHOP,
        members(ann="owner", bob="editor", cyd="viewer", dan="editor"),
        todo(1, "paint the door", labels=frozenset({"home"})),
        todo(2, "fix the roof", 1),
        done(3, "paint the wall", "bob"),
        done(4, "call mum", "bob"),
        done(5, "water plants", "ann", labels=frozenset({"home"})),
        done(6, "paint the floor", "cyd"),
        done(7, "paint the ceiling", "gone"),
        done(8, "paint the cat", "ann", deleted=True),
        todo(9, "garden", assignees=frozenset({"ann", "dan"})),
    )
    found = await graph.people("ann", SHOP, 9)
    assert found is not None
    assert [
        (one.username, {reason.kind: reason.points for reason in one.reasons})
        for one in found.assign
    ] == [
        ("bob", {"did_similar": 5, "did_others": 1}),
        ("ann", {"did_similar": 5, "is_busy": -3}),
        ("dan", {"is_busy": -3}),
    ]
    assert found.invite == ()
    assert found.offset == 9


async def test_labels_of_todos_about_the_same_are_suggested(graph: Graph) -> None:
    """Of all of the asker's lists; those of this one weigh double."""
    label = {name: frozenset({name}) for name in ("food", "shop", "farm", "gone")}
    await put(
        graph,
        SHOP,
        members(ann="owner"),
        todo(1, "Milk", labels=label["food"]),
        done(2, "milk and honey", "ann", labels=label["food"] | label["farm"]),
        todo(3, "bread", labels=label["shop"]),
        todo(4, "milk", labels=label["gone"], deleted=True),
    )
    await put(
        graph,
        WORK,
        members(ann="viewer"),
        *(todo(number, "oat milk", labels=label["shop"]) for number in (11, 12, 13)),
    )
    await put(graph, SECRET, members(bob="owner"), todo(21, "milk", labels=frozenset({"spy"})))
    found = await graph.hints("ann", SHOP, "buy MILK!", 9)
    assert found is not None
    assert found.labels == (LabelHint("food", 2), LabelHint("shop", 3), LabelHint("farm", 1))
    first = await graph.hints("ann", SHOP, "buy milk", 1)
    assert first is not None
    assert first.labels == found.labels[:1]
    assert await graph.hints("ann", SHOP, "42 !", 9) == ListHints((), (), 9)


async def test_what_is_added_together_is_suggested_together(graph: Graph) -> None:
    """When it was so at least twice, within an hour, and it is not on the list already."""
    trips = [NOW - days * DAY_MS for days in (1, 2, 3)]
    todos = []
    for number, at in enumerate(trips):
        todos += [
            done(number * 10 + 1, "milk", "ann", created=at),
            done(number * 10 + 2, "Bread", "ann", created=at + 60 * MINUTE_MS),
            done(number * 10 + 3, "eggs", "ann", created=at - 59 * MINUTE_MS),
            done(number * 10 + 4, "oat milk", "ann", created=at),
            done(number * 10 + 5, "late", "ann", created=at + 61 * MINUTE_MS),
            done(number * 10 + 6, "deleted", "ann", created=at, deleted=True),
        ]
    todos += [done(50, "butter", "ann", created=trips[0]), todo(51, "EGGS", created=NOW)]
    await put(graph, SHOP, members(ann="owner"), *todos)
    found = await graph.hints("ann", SHOP, "milk", 9)
    assert found is not None
    # Butter came along once only, although that trip has two todos about milk.
    assert found.together == (Companion("Bread", 3),)


# --- privacy --------------------------------------------------------------------------------------


@pytest.fixture
async def private(graph: Graph) -> Graph:
    """Hold a list of bob's and cyd's that ann left, or never was in, next to one of hers."""
    await put(graph, SHOP, members(ann="owner", bob="editor"), todo(1, "milk", created=NOW))
    people = members(bob="owner", cyd="owner", eve="editor")
    await put(
        graph,
        SECRET,
        people,
        todo(21, "secret milk", labels=frozenset({"secret"}), assignees=frozenset({"ann"})),
        todo(22, "secret bread", 21, priority=3, created_by="ann"),
        done(23, "secret milk", "ann"),
    )
    return graph


STRANGERS = ["ann", "nobody", "", "*", "bob' OR 1=1 //", "SECRET:bob", "1:bob", ":bob", "bob\x00"]


@pytest.mark.parametrize("asker", STRANGERS)
async def test_a_list_that_is_not_ours_is_as_one_that_never_was(private: Graph, asker: str) -> None:
    """Whoever asks, by whatever name, also if they are assigned there, made it or did it."""
    for todo_id in (21, 22, 23):
        assert await private.impact(asker, _id(todo_id)) == Impact(None, 0, ())
    for list_id in (SECRET, NOWHERE):
        assert await private.dependencies(asker, list_id) is None
        assert await private.people(asker, list_id, 9) is None
        assert await private.hints(asker, list_id, "milk", 9) is None
    found = await private.recommend(asker, NOW, 99)
    assert set(found.offsets) == ({SHOP} if asker == "ann" else set())
    assert {one.list_id for one in found.items} <= {SHOP}


async def test_nothing_of_other_lists_shows_through_ours(private: Graph) -> None:
    """Not their people, labels, titles or todos; bob, who is in both, sees all of it."""
    found = await private.people("ann", SHOP, 99)
    assert found is not None
    assert found.invite == ()
    assert await private.hints("ann", SHOP, "secret milk", 99) == ListHints((), (), 9)
    seen = await private.people("bob", SHOP, 99)
    assert seen is not None
    assert {one.username for one in seen.invite} == {"cyd", "eve"}
    hints = await private.hints("bob", SHOP, "milk", 99)
    assert hints is not None
    assert hints.labels == (LabelHint("secret", 1),)
    assert hints.together == ()


async def test_whoever_is_removed_sees_nothing_any_more(private: Graph) -> None:
    """From the run that says so on."""
    assert await private.dependencies("eve", SECRET) is not None
    removed = Delta(SECRET, 9, 10, members={"eve": None}, unassigned=frozenset({"eve"}))
    await private.apply(await private.generation("one"), [removed])
    assert await private.dependencies("eve", SECRET) is None
    assert await private.impact("eve", _id(21)) == Impact(None, 0, ())
    assert await private.recommend("eve", NOW, 9) == Recommendations((), {})
    again = Delta(SECRET, 10, 11, members=members(eve="viewer"))
    await private.apply(await private.generation("one"), [again])
    assert await private.dependencies("eve", SECRET) is not None
    assert (await private.recommend("eve", NOW, 9)).items == ()


async def test_an_unfinished_generation_answers_nothing(private: Graph) -> None:
    """What is only being built is nobody's to see, and what was before is gone with the switch."""
    new = await private.begin("one")
    whole = ListGraph(NOWHERE, 5, members=members(ann="owner"), todos={_id(31): todo(31)})
    await private.replace(new, whole)
    assert await private.dependencies("ann", NOWHERE) is None
    assert set((await private.recommend("ann", NOW, 9)).offsets) == {SHOP}
    await private.switch(new)
    assert set((await private.recommend("ann", NOW, 9)).offsets) == {NOWHERE}
    assert await private.people("ann", SHOP, 9) is None
    assert await private.people("ann", NOWHERE, 9) == PeopleHints((), (), 5)
