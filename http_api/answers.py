"""Describe every JSON answer, for the OpenAPI document and for the tests that hold us to it."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "BroadcastPage",
    "Changes",
    "CommandResults",
    "Health",
    "Inbox",
    "InviteAccepted",
    "InviteMade",
    "InvitesOpen",
    "ListMessages",
    "ListWritten",
    "Lists",
    "MemberWritten",
    "MessageWritten",
    "Problem",
    "ReadWritten",
    "Readiness",
    "Snapshot",
    "TodoPage",
    "TodoRead",
    "TodoWritten",
    "Written",
]


class Shape(BaseModel):
    """Forbid members that the description does not name: the tests then find what is missing."""

    model_config = ConfigDict(extra="forbid")


class Positioned(Shape):
    """Carry a position in the log that the answer is about."""

    epoch: str = Field(description="Names the history; another epoch means: load everything anew.")
    offset: int = Field(description="The number of the last entry that the answer covers.")


class PersonShape(Shape):
    """Name a user."""

    id: UUID
    username: str


class MemberShape(PersonShape):
    """Name a member and what they may do."""

    role: Literal["owner", "editor", "viewer"]


class ListShape(Shape):
    """Show a list's own fields."""

    id: UUID
    title: str
    description: str


class ListOverviewShape(Shape):
    """Show one of my lists."""

    id: UUID
    title: str
    role: Literal["owner", "editor", "viewer"]
    offset: int = Field(description="The list's last entry.")
    open: int = Field(description="How many todos are not completed.")
    ready: int = Field(description="How many of those wait for no open one.")
    inbox: bool = Field(default=False, description="The one list that every account keeps.")


class TodoShape(Shape):
    """Show a todo."""

    id: UUID
    list_id: UUID
    title: str
    notes: str
    completed: bool
    completed_at: datetime | None
    completed_by: str | None = Field(description="A username, as in `assignees`; null while open.")
    priority: Literal["none", "low", "medium", "high"]
    due_at: datetime | None
    estimate_min: int | None
    labels: list[str]
    assignees: list[str] = Field(description="Usernames of members; they never change.")
    blocked_by: list[UUID]
    position: str = Field(description="Todos are ordered by (position, id), compared bytewise.")
    created_by: PersonShape = Field(description="With id: they may have left the list since.")
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    offset: int = Field(description="The list's entry that last changed this todo.")


class MessageShape(Shape):
    """Show a message; ``to`` is there when it is personal."""

    model_config = ConfigDict(
        populate_by_name=True, json_schema_extra={"required": ["id", "text", "from", "at"]}
    )

    id: UUID
    text: str
    sender: PersonShape = Field(alias="from")
    to: PersonShape | None = None
    at: datetime


class MessageInLog(MessageShape):
    """Show a message with the number of its entry."""

    offset: int


class Lists(Shape):
    """Show all my lists."""

    lists: list[ListOverviewShape]


class ListWritten(Positioned):
    """Answer a write of a list's own fields."""

    list: ListShape


class Snapshot(Positioned):
    """Show a list whole, as of ``offset``."""

    list: ListShape
    members: builtins.list[MemberShape]
    todos: builtins.list[TodoShape]


class Changes(Positioned):
    """Show entries of a list's log; ``offset`` is where they lead to."""

    changes: list[dict[str, Any]]
    complete: bool = Field(description="False: there is more; ask again with since=offset.")


class Written(Positioned):
    """Answer a write that has nothing else to show."""


class MemberWritten(Positioned):
    """Answer a write of a membership."""

    member: MemberShape


class TodoWritten(Positioned):
    """Answer a write of a todo."""

    todo: TodoShape


class TodoRead(Positioned):
    """Show a todo; ``offset`` is its list's position."""

    todo: TodoShape


class TodoPage(Shape):
    """Show todos of all my lists."""

    todos: list[TodoShape]
    cursor: str | None = Field(description="Where the next page begins; null: there is none.")


class InviteShape(Shape):
    """Show an invitation."""

    id: UUID
    role: Literal["editor", "viewer"]
    created_at: datetime
    expires_at: datetime | None = Field(description="null: never.")
    uses_left: int | None = Field(description="null: any number.")


class InviteMade(InviteShape, Positioned):
    """Show an invitation that was just made."""

    token: str = Field(description="Shown to whoever made it only.")
    url: str


class InvitesOpen(Shape):
    """Show the invitations that open a list."""

    invites: list[InviteShape]


class InviteAccepted(Positioned):
    """Answer the one who joined."""

    list: ListShape
    role: Literal["owner", "editor", "viewer"]


class MessageWritten(Positioned):
    """Answer a message sent."""

    message: MessageShape


class ReadWritten(Positioned):
    """Answer the moving of the read mark."""

    read_up_to: int


class _Page(Positioned):
    complete: bool = Field(description="False: there is more; ask again with since=offset.")


class Inbox(_Page):
    """Show personal messages, oldest first."""

    messages: list[MessageInLog]
    read_up_to: int = Field(description="Entries up to here are read, on one of my devices.")


class ListMessages(_Page):
    """Show the messages posted to a list, oldest first."""

    messages: list[MessageInLog]


class BroadcastPage(_Page):
    """Show broadcasts, oldest first."""

    broadcasts: list[MessageInLog]


class CommandResult(Shape):
    """Show what one command's own route would have answered."""

    op: UUID
    status: int
    body: dict[str, Any]


class CommandResults(Shape):
    """Answer a batch, in its order."""

    results: list[CommandResult]


class Health(Shape):
    """Say that the process lives."""

    status: Literal["live"]


class Readiness(Shape):
    """Say whether the replica can serve, and what is wrong where it cannot."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str] = Field(description='"ok", or a sentence that says what is wrong.')


class FieldProblem(Shape):
    """Name what is wrong with one field."""

    path: str
    message: str


class Problem(BaseModel):
    """Describe a refusal (RFC 9457). Further members are possible, such as the current todo."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="A stable word, for programs.")
    request_id: str
    errors: list[FieldProblem] = Field(default=[], description="With 422: what is wrong, where.")
