"""Hold what a watcher knows: the list, who is here, the last changes, and whether it is live.

No clock, no network: entries and times come in as arguments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from http_api.watch.words import sentence
from store.entry import Position
from store.todo.model import ListInfo, Member, Role, Todo
from store.todo.state import ListState, fold_todo, person_from

__all__ = ["Board", "Line", "OutOfOrder"]

KEPT_LINES = 200


class OutOfOrder(Exception):
    """Say that an entry does not follow what is known, so the snapshot has to be loaded again."""


@dataclass(frozen=True, slots=True)
class Line:
    """Say one thing that happened.

    ``offset`` and ``at`` (UTC) are those of the entry; both None for news about the connection or
    the people here. ``missed``: it happened while nobody watched.
    """

    text: str
    offset: int | None = None
    at: datetime | None = None
    missed: bool = False


class Board:
    """Follow one list for the user ``username``.

    ``state.offset`` is the last entry folded, ``shown`` the last one said. They differ while the
    changes that were missed since the last visit come in: a fresh snapshot holds them already.
    """

    def __init__(self, username: str) -> None:
        self.username = username
        self.state = ListState()
        self.epoch = ""
        self.shown = 0
        self.live = False
        self.status = "connecting"
        self.lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self._here: dict[str, str] = {}  # connection -> username

    @property
    def title(self) -> str:
        """The list's title; empty before it is known."""
        return self.state.info.title if self.state.info else ""

    @property
    def position(self) -> Position:
        """Where to resume: after the last entry that was shown."""
        return Position(self.epoch, self.shown)

    @property
    def todos(self) -> list[Todo]:
        """The live todos in the list's order: by position, compared bytewise, then by id."""
        live = [todo for todo in self.state.todos.values() if todo.deleted_at is None]
        return sorted(live, key=lambda todo: (todo.position, str(todo.id)))

    @property
    def people(self) -> list[str]:
        """The usernames of those who are here, each once, in alphabetical order."""
        return sorted(set(self._here.values()))

    def load(self, snapshot: Mapping[str, Any], trash: Iterable[Mapping[str, Any]]) -> None:
        """Start anew from a snapshot and the deleted todos beside it."""
        made = snapshot["list"]
        members = (Member(person_from(one), Role(one["role"])) for one in snapshot["members"])
        todos = (_todo(one) for one in (*trash, *snapshot["todos"]))
        self.state = ListState(
            info=ListInfo(UUID(made["id"]), made["title"], made.get("description", "")),
            members={member.person.id: member for member in members},
            todos={todo.id: todo for todo in todos},
            offset=snapshot["offset"],
        )
        self.epoch = snapshot["epoch"]
        self.shown = snapshot["offset"]

    def rewind(self, seen: Position) -> int:
        """Treat what follows ``seen`` as not shown yet; gives how many entries that is.

        Zero, and nothing happens, when the position is of another epoch or ahead of the snapshot.
        """
        if seen.epoch != self.epoch or not 0 < seen.offset <= self.state.offset:
            return 0
        self.shown = seen.offset
        return self.state.offset - seen.offset

    def take(self, entry: Mapping[str, Any], offset: int) -> Line | None:
        """Take the next entry in and say it; None when it was said before.

        Raises OutOfOrder when entries in between are missing or the entry does not fit.
        """
        if offset <= self.shown:
            return None
        if offset != self.shown + 1:
            raise OutOfOrder
        text = sentence(entry, self._title_of)
        missed = offset <= self.state.offset
        if not missed:
            try:
                self.state.apply(entry, offset)
            except (ValueError, KeyError) as error:
                raise OutOfOrder from error
        self.shown = offset
        return self.say(Line(text, offset, datetime.fromisoformat(entry["at"]), missed=missed))

    def say(self, line: Line) -> Line:
        """Add a line to the feed and give it back."""
        self.lines.append(line)
        return line

    def set_here(self, connections: Mapping[str, str]) -> None:
        """Say who is here now: username by connection."""
        self._here = dict(connections)

    def join(self, connection: str, username: str) -> bool:
        """Note a connection; True when this person was not here before."""
        known = username in self._here.values()
        self._here[connection] = username
        return not known

    def leave(self, connection: str) -> bool:
        """Forget a connection; True when this person is gone altogether."""
        username = self._here.pop(connection, None)
        return username is not None and username not in self._here.values()

    def _title_of(self, todo_id: str) -> str | None:
        todo = self.state.todos.get(UUID(todo_id))
        return todo.title if todo else None


def _todo(made: Mapping[str, Any]) -> Todo:
    """Read a todo of a snapshot, by way of the entry that would create it as it is now."""
    created = {"type": "todo.created", "todo": made, "at": made["updated_at"]}
    todo = fold_todo(None, created, made["offset"])
    if todo is None:
        raise TypeError
    deleted_at = made["deleted_at"]
    return replace(todo, deleted_at=datetime.fromisoformat(deleted_at) if deleted_at else None)
