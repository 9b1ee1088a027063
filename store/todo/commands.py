"""Define every command as a closed model: unknown, missing or ill-typed fields are refused."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
)

__all__ = [
    "COMMANDS",
    "BroadcastPost",
    "Command",
    "InviteAccept",
    "InviteCreate",
    "ListCommand",
    "ListCreate",
    "ListDelete",
    "ListUpdate",
    "MemberRemove",
    "MemberSet",
    "MessagePost",
    "MessageSend",
    "MessagesRead",
    "ProfileUpdate",
    "TodoAddLabel",
    "TodoAssign",
    "TodoBlock",
    "TodoCommand",
    "TodoCreate",
    "TodoDelete",
    "TodoMove",
    "TodoRemoveLabel",
    "TodoRestore",
    "TodoUnassign",
    "TodoUnblock",
    "TodoUpdate",
]

MAX_OFFSET = 2**53 - 1  # the largest integer every JSON reader keeps exactly (RFC 8259 section 6)
MAX_NOTES = 10_000
MAX_TEXT = 10_000
MAX_USES = 1_000

# RFC 3339 section 5.6, without leap seconds; a missing zone has an error of its own.
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_TIME = re.compile(
    rf"[0-9]{{4}}(?:-[0-9]{{2}}){{2}}[Tt ]{_CLOCK}(?:[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})?"
)


def _no_controls(text: str) -> str:
    """Refuse what PostgreSQL cannot store (U+0000) and what UTF-8 cannot spell (surrogates)."""
    if "\x00" in text:
        message = "must not contain the character U+0000"
        raise ValueError(message)
    if any("\ud800" <= char <= "\udfff" for char in text):
        message = "must not contain a lone surrogate"
        raise ValueError(message)
    return text


def _normalized(text: str) -> str:
    """Compose the text (NFC) so that twins which look the same are the same."""
    return unicodedata.normalize("NFC", text)


def _only_text(value: Any) -> Any:
    """Refuse numbers where an id or a time is due: pydantic would otherwise convert them."""
    if isinstance(value, str | UUID | datetime):
        return value
    message = "must be a string"
    raise ValueError(message)


def _like_a_time(value: Any) -> Any:
    """Refuse what is not written like a time: seconds since 1970 as text would be converted."""
    if isinstance(_only_text(value), str) and not _TIME.fullmatch(value):
        message = "must be a time such as 2030-01-31T18:00:00Z"
        raise ValueError(message)
    return value


def _addressable(text: str) -> str:
    """Refuse what no URL can name: clients take dots for the way up (RFC 3986 section 5.2.4)."""
    if text in {".", ".."}:
        message = "must not be . or .."
        raise ValueError(message)
    return text


def _as_utc(moment: datetime) -> datetime:
    """Bring an aware time to UTC with milliseconds; one outside years 1970 to 9999 is refused."""
    if moment.tzinfo is None:
        message = "must name its offset from UTC, such as a final Z"
        raise ValueError(message)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        message = "must lie between the years 1970 and 9999"
        raise ValueError(message) from error
    if moment.year < 1970:
        message = "must lie between the years 1970 and 9999"
        raise ValueError(message)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


Id = Annotated[UUID, BeforeValidator(_only_text)]
Instant = Annotated[datetime, BeforeValidator(_like_a_time), AfterValidator(_as_utc)]
Offset = Annotated[StrictInt, Field(ge=0, le=MAX_OFFSET)]
Title = Annotated[
    StrictStr,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_controls),
]
Notes = Annotated[StrictStr, StringConstraints(max_length=MAX_NOTES), AfterValidator(_no_controls)]
Text = Annotated[
    StrictStr,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
    AfterValidator(_no_controls),
]
Username = Annotated[
    StrictStr, StringConstraints(min_length=1, max_length=64), AfterValidator(_no_controls)
]
Label = Annotated[
    StrictStr,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_no_controls),
    AfterValidator(_normalized),
    AfterValidator(_addressable),
]
# What the rules say about these is said elsewhere, with better words; this bounds the work.
Given = Annotated[StrictStr, Field(max_length=1024), AfterValidator(_no_controls)]
Priority = Literal["none", "low", "medium", "high"]
RoleName = Literal["owner", "editor", "viewer"]
Estimate = Annotated[StrictInt, Field(ge=1, le=100_000)]


class Closed(BaseModel):
    """Refuse unknown fields, and stay as it was validated."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Command(Closed):
    """Ask for a change. ``op`` names it: the same id takes effect at most once per user.

    None lets the server choose one, and then a retry is a new command.
    """

    op: Id | None = None


class ListCommand(Command):
    """Ask for a change of the list ``list_id``."""

    list_id: Id


class TodoCommand(Command):
    """Ask for a change of one todo; the store finds its list."""

    todo_id: Id


class ListCreate(Command):
    """Make a list owned by the actor."""

    type: Literal["list.create"] = "list.create"
    id: Id | None = None
    title: Title
    description: Notes = ""


class ListChanges(Closed):
    """Name the list's own fields to change; an absent one stays."""

    title: Title = ""
    description: Notes = ""


class ListUpdate(ListCommand):
    """Change a list's own fields."""

    type: Literal["list.update"] = "list.update"
    changes: ListChanges


class ListDelete(ListCommand):
    """Delete a list for everyone."""

    type: Literal["list.delete"] = "list.delete"


class MemberSet(ListCommand):
    """Add a member or change a member's role."""

    type: Literal["member.set"] = "member.set"
    username: Username
    role: RoleName


class MemberRemove(ListCommand):
    """Remove a member; anyone may remove themself."""

    type: Literal["member.remove"] = "member.remove"
    username: Username


class TodoCreate(ListCommand):
    """Add a todo: at the end, after the todo ``after``, or first (``after`` null)."""

    type: Literal["todo.create"] = "todo.create"
    id: Id | None = None
    title: Title
    notes: Notes = ""
    priority: Priority = "none"
    due_at: Instant | None = None
    estimate_min: Estimate | None = None
    labels: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    assignees: Annotated[tuple[Username, ...], Field(max_length=200)] = ()
    blocked_by: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    after: Id | None = None


class TodoChanges(Closed):
    """Name the todo's fields to change; an absent one stays, null clears where allowed."""

    title: Title = ""
    notes: Notes = ""
    completed: StrictBool = False
    priority: Priority = "none"
    due_at: Instant | None = None
    estimate_min: Estimate | None = None


class TodoUpdate(TodoCommand):
    """Change a todo's fields. ``base`` is the list offset the writer had seen, for ``replaced``."""

    type: Literal["todo.update"] = "todo.update"
    changes: TodoChanges
    base: Offset | None = None


class TodoMove(TodoCommand):
    """Move a todo behind the todo ``after``, or to the front (null)."""

    type: Literal["todo.move"] = "todo.move"
    after: Id | None


class TodoDelete(TodoCommand):
    """Move a todo to the trash."""

    type: Literal["todo.delete"] = "todo.delete"


class TodoRestore(TodoCommand):
    """Bring a todo back from the trash."""

    type: Literal["todo.restore"] = "todo.restore"


class TodoAddLabel(TodoCommand):
    """Put a label on a todo."""

    type: Literal["todo.add_label"] = "todo.add_label"
    label: Label


class TodoRemoveLabel(TodoCommand):
    """Take a label off a todo."""

    type: Literal["todo.remove_label"] = "todo.remove_label"
    label: Label


class TodoAssign(TodoCommand):
    """Assign a todo to a member."""

    type: Literal["todo.assign"] = "todo.assign"
    username: Username


class TodoUnassign(TodoCommand):
    """Take an assignee off a todo."""

    type: Literal["todo.unassign"] = "todo.unassign"
    username: Username


class TodoBlock(TodoCommand):
    """Make a todo wait for the todo ``by`` of the same list."""

    type: Literal["todo.block"] = "todo.block"
    by: Id


class TodoUnblock(TodoCommand):
    """Let a todo no longer wait for the todo ``by``."""

    type: Literal["todo.unblock"] = "todo.unblock"
    by: Id


class MessagePost(ListCommand):
    """Post a message to the members of a list, as an entry of its log."""

    type: Literal["message.post"] = "message.post"
    text: Text


class InviteCreate(ListCommand):
    """Make an invitation link: valid ``expires_in`` seconds (None: for ever), ``uses`` times."""

    type: Literal["invite.create"] = "invite.create"
    role: Literal["editor", "viewer"]
    expires_in: Annotated[StrictInt, Field(ge=1, le=365 * 86_400)] | None = 7 * 86_400
    uses: Annotated[StrictInt, Field(ge=1, le=MAX_USES)] | None = None


class InviteAccept(Command):
    """Join the list that an invitation's token opens."""

    type: Literal["invite.accept"] = "invite.accept"
    token: Annotated[StrictStr, StringConstraints(min_length=1, max_length=100)]


class MessageSend(Command):
    """Send a personal message to someone who shares a list with the actor."""

    type: Literal["message.send"] = "message.send"
    to: Username
    text: Text


class MessagesRead(Command):
    """Mark the own inbox as read up to an offset, on all devices."""

    type: Literal["messages.read"] = "messages.read"
    up_to: Offset


class ProfileUpdate(Command):
    """Change the own display name or e-mail address; null clears, an absent field stays."""

    type: Literal["profile.update"] = "profile.update"
    display_name: Given | None = None
    email: Given | None = None


class BroadcastPost(Command):
    """Send a broadcast to everyone; administrators only."""

    type: Literal["broadcast.post"] = "broadcast.post"
    text: Text


COMMANDS: dict[str, type[Command]] = {
    model.model_fields["type"].default: model
    for model in (
        ListCreate,
        ListUpdate,
        ListDelete,
        MemberSet,
        MemberRemove,
        TodoCreate,
        TodoUpdate,
        TodoMove,
        TodoDelete,
        TodoRestore,
        TodoAddLabel,
        TodoRemoveLabel,
        TodoAssign,
        TodoUnassign,
        TodoBlock,
        TodoUnblock,
        InviteAccept,
        MessagePost,
        MessageSend,
        MessagesRead,
        BroadcastPost,
    )
}
