"""Draw random histories of several lists and people, as the entries that their logs would hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from hypothesis import strategies as st

from store.entry import Entry
from store.graph.fold import fold
from store.graph.model import Delta, ListGraph
from store.graph.whole import milliseconds, whole_list
from store.log_id import LogId
from store.todo.dependency import shortest_way
from store.todo.model import ListInfo, Person, Todo, instant, person_json, todo_json
from store.todo.position import between
from store.todo.state import ListState

LISTS = tuple(UUID(int=(number << 96) + 1) for number in (1, 2, 3))
NAMES = ("ann", "bob", "cyd", "dan", "eve'}) DETACH DELETE n //")
PEOPLE = {name: Person(UUID(int=number + 1), name) for number, name in enumerate(NAMES)}
START = datetime(2026, 11, 21, 8, tzinfo=UTC)
NOW = milliseconds(START)

TITLES = (
    "milk",
    "Oat milk",
    "bread",
    "Bread ",
    "eggs and butter",
    "call the plumber",
    "買 牛乳",
    "`) DETACH DELETE (n) // $asker {0} ' \" \\ \\u0041",
    "42",
)
LABELS = ("shop", "Home", "café", "'; MATCH (n) DETACH DELETE n; //")
_ROLES = ("viewer", "editor", "owner")
_PRIORITIES = ("none", "low", "medium", "high")
_KINDS = (
    *("create",) * 10,
    *("complete", "complete", "reopen", "rename", "rank", "plan", "estimate", "move"),
    *("delete", "delete", "restore", "purge", "label", "unlabel", "assign", "assign", "unassign"),
    *("block", "block", "block", "block", "unblock"),
    *("share", "share", "share", "leave", "say", "title"),
)


@dataclass(frozen=True)
class Step:
    """Name who tries to do what in which list; numbers count into what is there."""

    list: int
    actor: str
    kind: str
    todo: int
    number: int
    minutes: int


_steps = st.builds(
    Step,
    list=st.sampled_from((0, 0, 0, 1, 1, 2)),
    actor=st.sampled_from(NAMES),
    kind=st.sampled_from(_KINDS),
    todo=st.integers(0, 9),
    number=st.integers(0, 99),
    minutes=st.sampled_from((0, 1, 40, 60, 61, 60 * 24 * 4)),
)
_ends = st.frozensets(st.integers(0, len(LISTS) - 1), max_size=1)


@dataclass
class World:
    """Hold lists and their logs, by which alone they changed."""

    states: dict[UUID, ListState] = field(default_factory=dict)
    logs: dict[UUID, list[Entry]] = field(default_factory=dict)
    at: datetime = START
    made: int = 0

    def found(self, list_id: UUID, owner: str) -> None:
        """Begin a list."""
        self.states[list_id], self.logs[list_id] = ListState(), []
        info = {"id": str(list_id), "title": "Groceries", "description": ""}
        self.enter(list_id, owner, "list.created", list=info)
        user = person_json(PEOPLE[owner])
        self.enter(list_id, owner, "member.added", user=user, role="owner")

    def enter(self, list_id: UUID, actor: str, kind: str, **fields: Any) -> None:
        """Write an entry and let it happen."""
        offset = len(self.logs[list_id]) + 1
        data = {
            "type": kind,
            "op": str(UUID(int=offset)),
            "actor": person_json(PEOPLE[actor]),
            "at": instant(self.at),
            **fields,
        }
        encoded = orjson.dumps(data)
        self.logs[list_id].append(Entry(LogId.list(list_id), offset, kind, None, encoded))
        self.states[list_id].apply(orjson.loads(encoded), offset)

    def take(self, step: Step) -> None:
        """Do what a step says, unless the list's rules forbid it."""
        self.at += timedelta(minutes=step.minutes)
        list_id = LISTS[step.list]
        state = self.states[list_id]
        if state.deleted:
            return
        members = {one.person.username: one.role for one in state.members.values()}
        person = NAMES[step.number % len(NAMES)]
        user = person_json(PEOPLE[person])
        match step.kind:
            case "create":
                self._create(list_id, step, sorted(members))
            case "share":
                kind = "member.role_changed" if person in members else "member.added"
                role = _ROLES[step.todo % 3]
                self.enter(list_id, step.actor, kind, user=user, role=role)
            case "leave" if person in members:
                self.enter(list_id, step.actor, "member.removed", user=user)
            case "title":
                changes = {"title": TITLES[step.number % len(TITLES)]}
                self.enter(list_id, step.actor, "list.updated", changes=changes)
            case "say":
                self.enter(list_id, step.actor, "message.posted", message={"text": "hello"})
            case "leave":
                pass
            case _ if state.todos:
                todo = list(state.todos.values())[step.todo % len(state.todos)]
                self._change(list_id, step, todo, members)

    def _create(self, list_id: UUID, step: Step, members: list[str]) -> None:
        self.made += 1
        number = step.number
        todos = sorted(self.states[list_id].todos)
        todo = Todo(
            id=UUID(int=list_id.int + (self.made * 0x9E3779B97F4A7C15) % (1 << 60) + 1),
            list_id=list_id,
            title=TITLES[number % len(TITLES)],
            position=between(None, None),
            created_by=PEOPLE[step.actor],
            created_at=self.at,
            updated_at=self.at,
            offset=len(self.logs[list_id]) + 1,
            priority=_PRIORITIES[number % 4],
            due_at=self._day(number),
            estimate_min=None if number % 3 else number + 1,
            labels=LABELS[: number % 3],
            assignees=tuple(members[: number % 2 * step.todo % 3]),
            blocked_by=tuple(todos[: number % 5 // 2]),
        )
        self.enter(list_id, step.actor, "todo.created", todo=todo_json(todo))

    def _change(self, list_id: UUID, step: Step, todo: Todo, members: Mapping[str, object]) -> None:
        changes = self._changes(step, todo)
        if todo.deleted_at is not None and step.kind not in {"restore", "purge"}:
            return
        if changes:
            self._about(list_id, step, "todo.updated", todo, changes=changes, replaced={})
            return
        person = NAMES[step.number % len(NAMES)]
        user = person_json(PEOPLE[person])
        label = LABELS[step.number % len(LABELS)]
        others = list(self.states[list_id].todos)
        by = others[step.number % len(others)]
        match step.kind:
            case "move":
                self._about(list_id, step, "todo.moved", todo, position=todo.position)
            case "delete":
                self._about(list_id, step, "todo.deleted", todo)
            case "restore" if todo.deleted_at is not None:
                self._about(list_id, step, "todo.restored", todo, position=todo.position)
            case "purge":
                if todo.deleted_at is None:
                    self._about(list_id, step, "todo.deleted", todo)
                if step.number % 3:  # as the store does; graphs bear it otherwise, too
                    self._let_go(list_id, step, todo)
                self._about(list_id, step, "todo.purged", todo)
            case "label" if label not in todo.labels:
                self._about(list_id, step, "todo.label_added", todo, label=label)
            case "unlabel" if label in todo.labels:
                self._about(list_id, step, "todo.label_removed", todo, label=label)
            case "assign" if person in members and person not in todo.assignees:
                self._about(list_id, step, "todo.assigned", todo, user=user)
            case "unassign" if person in todo.assignees:
                self._about(list_id, step, "todo.unassigned", todo, user=user)
            case "block" if by not in todo.blocked_by and not self._waits(list_id, by, todo.id):
                self._about(list_id, step, "todo.blocked", todo, by=str(by))
            case "unblock" if by in todo.blocked_by:
                self._about(list_id, step, "todo.unblocked", todo, by=str(by))

    def _let_go(self, list_id: UUID, step: Step, todo: Todo) -> None:
        for other in tuple(self.states[list_id].todos.values()):
            if todo.id in other.blocked_by:
                self._about(list_id, step, "todo.unblocked", other, by=str(todo.id))

    def _changes(self, step: Step, todo: Todo) -> dict[str, Any]:
        match step.kind:
            case "complete" if not todo.completed:
                at = instant(self.at)
                return {"completed": True, "completed_at": at, "completed_by": step.actor}
            case "reopen" if todo.completed:
                return {"completed": False, "completed_at": None, "completed_by": None}
            case "rename":
                return {"title": TITLES[step.number % len(TITLES)], "notes": "soon"}
            case "rank":
                return {"priority": _PRIORITIES[step.number % 4]}
            case "plan":
                return {"due_at": instant(self._day(step.number))}
            case "estimate":
                return {"estimate_min": step.number or None}
        return {}

    def _about(self, list_id: UUID, step: Step, kind: str, todo: Todo, **fields: Any) -> None:
        self.enter(list_id, step.actor, kind, todo_id=str(todo.id), **fields)

    def _day(self, number: int) -> datetime | None:
        return None if number % 3 == 0 else START + timedelta(days=number % 40 - 10, hours=number)

    def _waits(self, list_id: UUID, start: UUID, goal: UUID) -> bool:
        todos = self.states[list_id].todos
        waits_for = {one: todo.blocked_by for one, todo in todos.items()}
        return start == goal or bool(shortest_way(waits_for, start, goal))

    def whole(self, list_id: UUID) -> ListGraph:
        """See a list as its rows would say it is."""
        state = self.states[list_id]
        if state.deleted:
            return ListGraph(list_id, state.offset, deleted=True)
        assert state.info is not None
        info = ListInfo(list_id, state.info.title)
        members, todos = tuple(state.members.values()), tuple(state.todos.values())
        return whole_list(info, members, todos, state.offset)


@st.composite
def worlds(draw: st.DrawFn, most: int = 60) -> World:
    """Draw lists that three people began and five changed."""
    world = World()
    for list_id, name in zip(LISTS, NAMES, strict=False):
        world.found(list_id, name)
    # A list's size is drawn first, for lists of no given size are mostly short.
    count = draw(st.integers(0, most))
    for step in draw(st.lists(_steps, min_size=count, max_size=count)):
        world.take(step)
    for number in draw(_ends):
        world.enter(LISTS[number], NAMES[0], "list.deleted")
    return world


@st.composite
def runs(draw: st.DrawFn, world: World) -> list[list[tuple[UUID, int, int]]]:
    """Draw batches of runs (list, since, up to) that take all logs in, some of them repeatedly."""
    at = dict.fromkeys(LISTS, 0)
    batches = []
    for _ in range(draw(st.integers(0, 4))):
        batch = []
        for list_id in draw(st.permutations(LISTS)):
            end = at[list_id] + draw(st.integers(0, 12))
            end = min(end, len(world.logs[list_id]))
            since = max(0, at[list_id] - draw(st.sampled_from((0, 0, 0, 2))))
            if end > since:
                batch.append((list_id, since, end))
            if since == at[list_id]:
                at[list_id] = end
        batches.append(batch)
    batches.append([(one, since, len(world.logs[one])) for one, since in at.items()])
    return [[run for run in batch if run[1] < run[2]] for batch in batches]


def folded(world: World, run: tuple[UUID, int, int]) -> Delta:
    """Fold a run."""
    list_id, since, end = run
    return fold(list_id, since, world.logs[list_id][since:end])
