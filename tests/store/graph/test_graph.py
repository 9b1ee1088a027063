"""Tests of what every graph promises to those who write to it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from store.graph.graph import GenerationGone, Graph
from store.graph.model import Delta, ListGraph, Membership, TodoNode
from store.graph.terms import terms_of
from store.todo.model import Role

ONE, TWO, THREE = (UUID(int=(1 << 120) + number) for number in (1, 2, 3))
MILK, BREAD, EGGS = (UUID(int=(2 << 120) + number) for number in (1, 2, 3))
ANN = Membership(UUID(int=7), Role.OWNER)
BOB = Membership(UUID(int=8), Role.VIEWER)
HOSTILE = "'}) DETACH DELETE n // `\"\\u0027 $asker {x} \\ \n 買 🥛"


def todo(todo_id: UUID, title: str = "milk", **fields: object) -> TodoNode:
    """Make a todo."""
    made = TodoNode(todo_id, title, 0, 1_000, "ann", offset=3, terms=terms_of(title))
    return replace(made, **fields)  # type: ignore[arg-type]


def begun(list_id: UUID, *todos: TodoNode, offset: int = 3) -> Delta:
    """Make the run with which a list of ann's begins."""
    made = {one.id: one for one in todos}
    return Delta(list_id, 0, offset, title="Groceries", members={"ann": ANN}, made=made)


FULL = ListGraph(
    ONE,
    41,
    HOSTILE,
    members={"ann": ANN, HOSTILE: BOB},
    todos={
        MILK: todo(
            MILK,
            HOSTILE,
            priority=3,
            created_by=HOSTILE,
            due=-62_135_596_800_000,
            estimate_min=100_000,
            completed=253_402_300_799_999,
            completed_by=HOSTILE,
            offset=41,
            labels=frozenset({HOSTILE, "shop"}),
            assignees=frozenset({"ann", HOSTILE}),
            blocked_by=frozenset({BREAD, EGGS}),
        ),
        BREAD: todo(BREAD, "bread", deleted=True, blocked_by=frozenset({EGGS})),
        EGGS: todo(EGGS, "2"),
    },
)
"""Everything a list can hold: strings that are no queries, the ends of time, the trash."""


async def test_there_is_a_generation_for_a_database(graph: Graph) -> None:
    """The same whoever asks, until the database is another."""
    first = await graph.generation("one")
    assert await graph.generation("one") == first
    assert await graph.watermarks(first, [ONE]) == {}
    assert await graph.read_list(first, ONE) is None
    await graph.replace(first, FULL)
    second = await graph.generation("two")
    assert second != first
    assert await graph.generation("two") == second
    assert await graph.offset(ONE) == 0
    assert await graph.read_list(second, ONE) is None


async def test_everything_about_a_list_comes_back_as_it_was(graph: Graph) -> None:
    """Whatever it is called, whatever its dates are."""
    generation = await graph.generation("one")
    await graph.replace(generation, FULL)
    assert await graph.read_list(generation, ONE) == FULL
    assert await graph.watermarks(generation, [ONE, TWO]) == {ONE: 41}
    assert await graph.offset(ONE) == 41
    assert await graph.offset(TWO) == 0


async def test_a_run_comes_to_the_same_as_the_whole(graph: Graph) -> None:
    """For all that a run can say at once."""
    generation = await graph.generation("one")
    assert await graph.apply(
        generation,
        [
            Delta(
                ONE,
                0,
                41,
                title=HOSTILE,
                members={"ann": ANN, HOSTILE: BOB, "gone": None},
                purged=frozenset({UUID(int=9)}),
                made=FULL.todos,
                changed={UUID(int=9): {"offset": 5}},
            )
        ],
    ) == {ONE: 41}
    assert await graph.read_list(generation, ONE) == FULL


async def test_a_run_changes_what_it_names_and_nothing_else(graph: Graph) -> None:
    """Members, fields, words, labels, assignees and dependencies."""
    generation = await graph.generation("one")
    await graph.replace(generation, FULL)
    await graph.replace(generation, replace(FULL, id=TWO, todos={}))
    delta = Delta(
        ONE,
        41,
        50,
        title="Food",
        members={HOSTILE: None, "ann": Membership(ANN.user_id, Role.EDITOR), "bob": BOB},
        unassigned=frozenset({HOSTILE, "ann"}),
        purged=frozenset({BREAD}),
        made={
            THREE: todo(THREE, assignees=frozenset({"ann"}), blocked_by=frozenset({BREAD, EGGS}))
        },
        changed={
            MILK: {"title": "Oat milk", "completed": None, "completed_by": None, "offset": 50},
            EGGS: {"due": 5, "priority": 1, "offset": 49},
        },
        terms={MILK: frozenset({"oat", "milk"})},
        labels={(MILK, HOSTILE): False, (MILK, "home"): True, (EGGS, "shop"): False},
        assigned={(MILK, "bob"): True, (MILK, "nobody"): False},
        blocked={(MILK, EGGS): False, (MILK, THREE): True, (EGGS, BREAD): True},
    )
    assert await graph.apply(generation, [delta]) == {ONE: 50}
    found = await graph.read_list(generation, ONE)
    assert found == ListGraph(
        ONE,
        50,
        "Food",
        members={"ann": Membership(ANN.user_id, Role.EDITOR), "bob": BOB},
        todos={
            MILK: replace(
                FULL.todos[MILK],
                title="Oat milk",
                completed=None,
                completed_by=None,
                offset=50,
                terms=frozenset({"oat", "milk"}),
                labels=frozenset({"shop", "home"}),
                assignees=frozenset({"bob"}),
                blocked_by=frozenset({THREE}),
            ),
            EGGS: replace(FULL.todos[EGGS], due=5, priority=1, offset=49),
            THREE: todo(THREE, assignees=frozenset({"ann"}), blocked_by=frozenset({EGGS})),
        },
    )
    other = await graph.read_list(generation, TWO)
    assert other == replace(FULL, id=TWO, todos={})


async def test_a_run_is_taken_once_whoever_repeats_it(graph: Graph) -> None:
    """One after another, or several at once; the watermark tells each that it is in."""
    generation = await graph.generation("one")
    delta = begun(ONE, todo(MILK))
    answers = await asyncio.gather(*(graph.apply(generation, [delta]) for _ in range(4)))
    assert answers == [{ONE: 3}] * 4
    before = await graph.read_list(generation, ONE)
    later = Delta(ONE, 3, 4, changed={MILK: {"title": "oats", "offset": 4}})
    assert await graph.apply(generation, [later]) == {ONE: 4}
    after = await graph.read_list(generation, ONE)
    assert before != after
    assert await graph.apply(generation, [delta]) == {ONE: 4}
    assert await graph.read_list(generation, ONE) == after


@pytest.mark.parametrize(("since", "offset"), [(0, 9), (2, 5), (4, 5), (0, 2)])
async def test_a_run_that_begins_elsewhere_is_left_alone(
    graph: Graph, since: int, offset: int
) -> None:
    """There would be a gap, or something of it is in already; the other lists go on."""
    generation = await graph.generation("one")
    await graph.apply(generation, [begun(ONE, todo(MILK))])
    before = await graph.read_list(generation, ONE)
    wrong = Delta(ONE, since, offset, title="wrong", purged=frozenset({MILK}))
    assert await graph.apply(generation, [wrong, begun(TWO, todo(BREAD))]) == {ONE: 3, TWO: 3}
    assert await graph.read_list(generation, ONE) == before
    assert await graph.offset(TWO) == 3


async def test_a_list_that_begins_late_is_left_out(graph: Graph) -> None:
    """What came before is missing, so its watermark is still 0."""
    generation = await graph.generation("one")
    assert await graph.apply(generation, [Delta(ONE, 5, 6, title="late")]) == {ONE: 0}
    assert await graph.watermarks(generation, [ONE]) == {}
    assert await graph.read_list(generation, ONE) is None


async def test_a_list_is_replaced_whatever_was_there(graph: Graph) -> None:
    """Newer, older or nothing; what it held before is gone."""
    generation = await graph.generation("one")
    await graph.apply(generation, [begun(ONE, todo(MILK), todo(THREE), offset=99)])
    await graph.replace(generation, FULL)
    assert await graph.read_list(generation, ONE) == FULL
    small = ListGraph(ONE, 7, "Small", members={"ann": ANN}, todos={BREAD: todo(BREAD)})
    await graph.replace(generation, small)
    assert await graph.read_list(generation, ONE) == small
    assert await graph.apply(generation, [Delta(ONE, 7, 8, title="Tall")]) == {ONE: 8}


async def test_of_a_deleted_list_only_the_watermark_stays(graph: Graph) -> None:
    """So that nobody takes it in again; later entries only move it."""
    generation = await graph.generation("one")
    await graph.replace(generation, FULL)
    assert await graph.apply(generation, [Delta(ONE, 41, 42, deleted=True)]) == {ONE: 42}
    assert await graph.read_list(generation, ONE) == ListGraph(ONE, 42, deleted=True)
    assert await graph.dependencies("ann", ONE) is None
    assert await graph.impact("ann", MILK) == await graph.impact("ann", UUID(int=9))
    assert (await graph.recommend("ann", 0, 9)).offsets == {}
    purged = Delta(ONE, 42, 43, purged=frozenset({MILK}))
    assert await graph.apply(generation, [purged]) == {ONE: 43}
    assert await graph.read_list(generation, ONE) == ListGraph(ONE, 43, deleted=True)
    await graph.replace(generation, ListGraph(TWO, 5, deleted=True))
    assert await graph.watermarks(generation, [TWO]) == {TWO: 5}


async def test_a_new_generation_answers_when_it_is_switched_to(graph: Graph) -> None:
    """And the old one no longer; until then they do not touch one another."""
    old = await graph.generation("one")
    await graph.apply(old, [begun(ONE, todo(MILK))])
    new = await graph.begin("one")
    assert new != old
    assert await graph.others(old) == (new,)
    await graph.replace(new, FULL)
    assert await graph.generation("one") == old
    assert await graph.offset(ONE) == 3
    assert (await graph.recommend("ann", 0, 9)).offsets == {ONE: 3}
    await graph.switch(new)
    assert await graph.generation("one") == new
    assert await graph.offset(ONE) == 41
    assert (await graph.recommend("ann", 0, 9)).offsets == {ONE: 41}
    assert await graph.others(new) == (old,)
    await graph.drop(old)
    assert await graph.others(new) == ()
    assert await graph.read_list(old, ONE) is None
    assert await graph.read_list(new, ONE) == FULL


async def test_a_generation_that_is_gone_takes_nothing_in(graph: Graph) -> None:
    """Who still holds its number does no harm, and finds that nothing is in."""
    await graph.generation("one")
    gone = await graph.begin("one")
    await graph.replace(gone, FULL)
    await graph.drop(gone)
    await graph.drop(gone)
    assert await graph.watermarks(gone, [ONE]) == {}
    assert await graph.apply(gone, [begun(ONE, todo(MILK))]) == {ONE: 0}
    await graph.replace(gone, FULL)
    assert await graph.read_list(gone, ONE) is None
    assert await graph.others(await graph.generation("one")) == ()
    assert await graph.begin("one") != gone
    with pytest.raises(GenerationGone):
        await graph.switch(gone)


async def test_whoever_only_looks_makes_nothing(graph: Graph) -> None:
    """No generation where there is none, or one of another epoch."""
    assert await graph.answering("one") is None
    first = await graph.generation("one")
    assert await graph.answering("one") == first
    assert await graph.answering("two") is None
    assert await graph.others(first) == ()


async def test_the_generation_that_answers_is_not_dropped(graph: Graph) -> None:
    """However old the order is."""
    generation = await graph.generation("one")
    await graph.replace(generation, FULL)
    await graph.drop(generation)
    assert await graph.read_list(generation, ONE) == FULL


async def test_an_empty_call_is_no_work(graph: Graph) -> None:
    """Nothing is asked about, nothing is applied."""
    generation = await graph.generation("one")
    assert await graph.watermarks(generation, []) == {}
    assert await graph.apply(generation, []) == {}
