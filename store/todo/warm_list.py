"""Keep a whole list at hand, so that commands are decided without asking the database."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from store.todo.commands import TodoCreate, TodoMove
from store.todo.dependency import Dependencies
from store.todo.model import Person, Role, Todo
from store.todo.spread import is_crowded
from store.todo.state import fold_todo
from store.todo.view import Place, View, needs_of

if TYPE_CHECKING:
    from store.todo.commands import Command
    from store.todo.state import ListState

__all__ = ["Undo", "WarmList"]


@dataclass(frozen=True, slots=True)
class Undo:
    """Hold what one entry changed: the offset before it, and the todo (None: there was none)."""

    offset: int
    todo_id: UUID | None = None
    before: Todo | None = None


class WarmList:
    """Hold a list's folded state with what makes views of it cheap: order and counts.

    It is exact at ``offset`` and stays so by taking in every later entry. ``name_key`` turns a
    username into the key by which names are compared.
    """

    __slots__ = ("_dependencies", "_live", "_name_key", "_people", "_positions", "state")

    def __init__(self, state: ListState, name_key: Callable[[str], str]) -> None:
        self.state = state
        self._name_key = name_key
        self._positions = sorted(todo.position for todo in state.todos.values())
        self._live = sum(todo.deleted_at is None for todo in state.todos.values())
        self._people: dict[str, Person] | None = None
        # From the first question on: few lists have any.
        self._dependencies: Dependencies[UUID] | None = None

    @property
    def offset(self) -> int:
        """Give the offset of the last entry taken in."""
        return self.state.offset

    @property
    def looked_at(self) -> int:
        """Count the todos that decisions have led past, so that many such make room for others."""
        return 0 if self._dependencies is None else self._dependencies.looked_at

    @property
    def weight(self) -> int:
        """Count what it holds, in todos and members."""
        return len(self.state.todos) + len(self.state.members) + 1

    def apply(self, data: Mapping[str, Any], offset: int) -> Undo:
        """Take in the entry that follows, in place, and return what revert needs.

        Only entries about todos and messages can be reverted.
        """
        before_offset = self.state.offset
        if not data["type"].startswith("todo."):
            self.state.apply(data, offset)
            self._people = None
            return Undo(before_offset)
        todo_id = UUID(data["todo_id"] if "todo_id" in data else data["todo"]["id"])
        before = self.state.todos.get(todo_id)
        self._put(todo_id, fold_todo(before, data, offset))
        self.state.offset = offset
        return Undo(before_offset, todo_id, before)

    def revert(self, undone: Sequence[Undo]) -> None:
        """Take entries back that apply took in last, given in the order they came."""
        for undo in reversed(undone):
            if undo.todo_id is not None:
                self._put(undo.todo_id, undo.before)
            self.state.offset = undo.offset

    def _put(self, todo_id: UUID, after: Todo | None) -> None:
        before = self.state.todos.get(todo_id)
        if before is not None:
            self._live -= before.deleted_at is None
            if after is None or after.position != before.position:
                del self._positions[bisect_left(self._positions, before.position)]
        blockers = () if after is None else after.blocked_by
        if self._dependencies is not None and blockers != (before.blocked_by if before else ()):
            self._dependencies.put(todo_id, blockers)
        if after is None:
            self.state.todos.pop(todo_id, None)
            return
        self._live += after.deleted_at is None
        if before is None or after.position != before.position:
            insort(self._positions, after.position)
        self.state.todos[todo_id] = after

    def is_crowded(self, command: Command) -> bool:
        """Tell whether the place that ``command`` asks for needs its neighbours to make room."""
        if not isinstance(command, TodoCreate | TodoMove):
            return False  # without looking: most are
        place = needs_of(command).place
        return place is not None and is_crowded(*self._gap(place))

    def view(self, command: Command, actor: UUID) -> View | None:
        """Show what ``command`` depends on; None when the actor is not a member."""
        me = self.state.members.get(actor)
        if me is None or self.state.info is None or self.state.deleted:
            return None
        needs = needs_of(command)
        todos = self.state.todos
        people = {
            name: person for name in needs.usernames if (person := self._person(name)) is not None
        }
        members = self.state.members
        chain = needs.chain
        return View(
            head=self.state.offset,
            info=self.state.info,
            role=me.role,
            todos={todo_id: todos[todo_id] for todo_id in needs.todos if todo_id in todos},
            people=people,
            members={person.id: members[person.id] for person in people.values()},
            live_count=self._live,
            member_count=len(members),
            owner_count=sum(member.role is Role.OWNER for member in members.values())
            if needs.counts
            else 0,
            gap=(None, None) if needs.place is None else self._gap(needs.place),
            chain=() if chain is None else self._way(*chain),
        )

    def _way(self, start: UUID, goal: UUID) -> tuple[UUID, ...]:
        if self._dependencies is None:
            todos = self.state.todos.values()
            self._dependencies = Dependencies((todo.id, todo.blocked_by) for todo in todos)
        return self._dependencies.way(start, goal)

    def _person(self, username: str) -> Person | None:
        if self._people is None:
            self._people = {
                self._name_key(member.person.username): member.person
                for member in self.state.members.values()
            }
        return self._people.get(self._name_key(username))

    def _gap(self, place: Place) -> tuple[str | None, str | None]:
        positions = self._positions
        if place.last:
            return (positions[-1] if positions else None), None
        moving = None
        if place.moving is not None and place.moving in self.state.todos:
            moving = self.state.todos[place.moving].position
        low = None
        index = 0
        if place.after is not None and place.after in self.state.todos:
            low = self.state.todos[place.after].position
            index = bisect_right(positions, low)
        if index < len(positions) and positions[index] == moving:
            index += 1
        return low, (positions[index] if index < len(positions) else None)
