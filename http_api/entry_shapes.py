"""Describe every entry of every log, for the AsyncAPI document and the tests that hold us to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from http_api.answers import ListShape, MessageShape, PersonShape, Shape, TodoShape

__all__ = ["INBOX_ENTRIES", "LIST_ENTRIES", "PUBLIC_ENTRIES", "EntryShape", "entry_type"]


def _absent(schema: dict[str, Any]) -> None:
    """Leave the defaults out: a field that is not there did not change."""
    for field in schema["properties"].values():
        field.pop("default", None)


RoleName = Literal["owner", "editor", "viewer"]


class EntryShape(Shape):
    """Carry what every entry says: what happened, by which operation, who did it, and when."""

    op: UUID = Field(description="The operation id of the command, or one the server chose.")
    actor: PersonShape
    at: datetime


class ListCreated(EntryShape):
    """The list was made; its owner's `member.added` follows."""

    type: Literal["list.created"]
    list: ListShape


class ListChanged(Shape):
    """Name the list's own fields that changed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_absent)

    title: str = ""
    description: str = ""


class ListUpdated(EntryShape):
    """The list's own fields changed: set them."""

    type: Literal["list.updated"]
    changes: ListChanged


class ListDeleted(EntryShape):
    """The list is gone; an unsubscribe (2000) follows."""

    type: Literal["list.deleted"]


class MemberAdded(EntryShape):
    """Someone joined."""

    type: Literal["member.added"]
    user: PersonShape
    role: RoleName


class MemberRoleChanged(EntryShape):
    """A member may do other things now."""

    type: Literal["member.role_changed"]
    user: PersonShape
    role: RoleName


class MemberRemoved(EntryShape):
    """A member left or was removed: drop them, and take them off every todo's assignees."""

    type: Literal["member.removed"]
    user: PersonShape


class AboutTodo(EntryShape):
    """Set the todo's `offset` to the entry's, and its `updated_at` to `at`."""

    todo_id: UUID


class TodoCreated(EntryShape):
    """A todo was added: put it."""

    type: Literal["todo.created"]
    todo: TodoShape


class TodoChanged(Shape):
    """Name the fields that changed; completing sets who and when, undoing it puts null there."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_absent)

    title: str = ""
    notes: str = ""
    completed: bool = False
    completed_at: datetime | None = None
    completed_by: str | None = None
    priority: Literal["none", "low", "medium", "high"] = "none"
    due_at: datetime | None = None
    estimate_min: int | None = None


class Replaced(Shape):
    """Show a value that was overwritten unseen, whose it was, and the entry that had set it."""

    value: Any
    by: PersonShape
    offset: int


class TodoUpdated(AboutTodo):
    """Fields of a todo changed: set them. `replaced`: what another had changed meanwhile."""

    type: Literal["todo.updated"]
    changes: TodoChanged
    replaced: dict[str, Replaced]


class TodoMoved(AboutTodo):
    """A todo has another place: set `position`."""

    type: Literal["todo.moved"]
    position: str


class TodoDeleted(AboutTodo):
    """A todo went to the trash: set `deleted_at` to `at`."""

    type: Literal["todo.deleted"]


class TodoRestored(AboutTodo):
    """A todo came back from the trash: clear `deleted_at`, set `position`."""

    type: Literal["todo.restored"]
    position: str


class TodoPurged(AboutTodo):
    """A todo left the trash for good: forget it."""

    type: Literal["todo.purged"]


class TodoLabelAdded(AboutTodo):
    """A label was put on a todo."""

    type: Literal["todo.label_added"]
    label: str


class TodoLabelRemoved(AboutTodo):
    """A label was taken off a todo."""

    type: Literal["todo.label_removed"]
    label: str


class TodoAssigned(AboutTodo):
    """A member was assigned to a todo."""

    type: Literal["todo.assigned"]
    user: PersonShape


class TodoUnassigned(AboutTodo):
    """A member is no longer assigned to a todo."""

    type: Literal["todo.unassigned"]
    user: PersonShape


class TodoBlocked(AboutTodo):
    """A todo waits for the todo `by`."""

    type: Literal["todo.blocked"]
    by: UUID


class TodoUnblocked(AboutTodo):
    """A todo no longer waits for the todo `by`."""

    type: Literal["todo.unblocked"]
    by: UUID


class MessagePosted(EntryShape):
    """A message to the list's members."""

    type: Literal["message.posted"]
    message: MessageShape


class ListJoined(EntryShape):
    """You are a member of another list."""

    type: Literal["list.joined"]
    list: ListShape
    role: RoleName


class ListLeft(EntryShape):
    """You are no longer a member of a list, or it is gone."""

    type: Literal["list.left"]
    list_id: UUID


class MessageReceived(EntryShape):
    """A personal message, from you or to you."""

    type: Literal["message.received"]
    message: MessageShape


class MessagesReadEntry(EntryShape):
    """You have read your inbox up to an entry, on one of your devices."""

    type: Literal["messages.read"]
    up_to: Annotated[int, Field(ge=0)]


class BroadcastPosted(EntryShape):
    """A message to everyone."""

    type: Literal["broadcast.posted"]
    message: MessageShape


LIST_ENTRIES: Final[tuple[type[EntryShape], ...]] = (
    ListCreated,
    ListUpdated,
    ListDeleted,
    MemberAdded,
    MemberRoleChanged,
    MemberRemoved,
    TodoCreated,
    TodoUpdated,
    TodoMoved,
    TodoDeleted,
    TodoRestored,
    TodoPurged,
    TodoLabelAdded,
    TodoLabelRemoved,
    TodoAssigned,
    TodoUnassigned,
    TodoBlocked,
    TodoUnblocked,
    MessagePosted,
)
"""What a list's log holds."""

INBOX_ENTRIES: Final[tuple[type[EntryShape], ...]] = (
    ListJoined,
    ListLeft,
    MessageReceived,
    MessagesReadEntry,
)
"""What a user's log holds."""

PUBLIC_ENTRIES: Final[tuple[type[EntryShape], ...]] = (BroadcastPosted,)
"""What the log for everyone holds."""


def entry_type(shape: type[EntryShape]) -> str:
    """Give the `type` that an entry of this shape has."""
    (name,) = shape.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
    return str(name)
