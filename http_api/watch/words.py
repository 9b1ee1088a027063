"""Say log entries in a sentence, for people to read in a terminal. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["clean", "message_of", "sentence"]

LONGEST = 80
"""Characters of a title or text shown in one line; more is cut with an ellipsis."""

Titles = Callable[[str], str | None]
"""Gives a todo's title by its id, None for an unknown one."""


def clean(text: object, longest: int = LONGEST) -> str:
    """Make foreign text safe to print: no control or direction characters, one line, cut short.

    A title is whatever its writer liked, so it may hold terminal escape sequences.
    """
    shown = "".join(
        " " if char in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" if _steers(char) else char
        for char in str(text)
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _steers(char: str) -> bool:
    """Tell whether a character acts on the terminal instead of being shown (Cc, Cf but joiners)."""
    category = unicodedata.category(char)
    # The zero-width joiner holds emoji families together and the non-joiner spells Persian.
    return category in {"Cc", "Cs", "Zl", "Zp"} or (
        category == "Cf" and char not in "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
    )


def sentence(entry: Mapping[str, Any], title: Titles) -> str:
    """Say one entry of a list's log, such as ``ann ticked “milk”``.

    ``title`` knows the titles as they were before the entry. An unknown type is said by its name:
    newer servers may have more of them.
    """
    actor = clean(entry.get("actor", {}).get("username", "someone"))
    say = _PHRASES.get(entry["type"])
    return f"{actor} {say(entry, title)}" if say else f"{actor}: {clean(entry['type'])}"


def message_of(entry: Mapping[str, Any]) -> str | None:
    """Say an entry of the inbox or of ``all`` that carries a message; None for any other."""
    message = entry.get("message")
    if not isinstance(message, Mapping):
        return None
    sender = clean(message.get("from", entry.get("actor", {})).get("username", "someone"))
    how = "to everyone" if entry["type"] == "broadcast.posted" else "to you"
    return f"{sender} {how}: {clean(message.get('text', ''), 400)}"


def _quoted(text: object) -> str:
    return f"“{clean(text)}”"


def _todo(entry: Mapping[str, Any], title: Titles, field: str = "todo_id") -> str:
    """Name the todo that an entry is about."""
    known = title(entry[field])
    return _quoted(known) if known is not None else f"todo {clean(entry[field], 8)}"


def _created(entry: Mapping[str, Any], _: Titles) -> str:
    return f"added {_quoted(entry['todo']['title'])}"


def _updated(entry: Mapping[str, Any], title: Titles) -> str:
    """Say which fields changed, and whose values were overwritten."""
    what = _todo(entry, title)
    changes = dict(entry["changes"])
    changes.pop("completed_at", None)
    changes.pop("completed_by", None)
    said = []
    if "completed" in changes:
        said.append(f"{'ticked' if changes.pop('completed') else 'unticked'} {what}")
    if "title" in changes:
        said.append(f"renamed {what} to {_quoted(changes.pop('title'))}")
    if "notes" in changes:
        changes.pop("notes")
        said.append(f"edited the notes of {what}")
    for field, value in changes.items():
        name = clean(field).removesuffix("_at").removesuffix("_min")
        said.append(f"{'set' if value is not None else 'cleared'} the {name} of {what}")
        if value is not None:
            said[-1] += f" to {clean(value)}"
    for field, lost in entry.get("replaced", {}).items():
        by = clean(lost.get("by", {}).get("username", "someone"))
        said.append(f"over {by}'s {clean(field)} {_quoted(lost.get('value'))}")
    return ", ".join(said) or f"touched {what}"


def _list_updated(entry: Mapping[str, Any], _: Titles) -> str:
    if "title" in entry["changes"]:
        return f"renamed the list to {_quoted(entry['changes']['title'])}"
    return "edited the list's description"


def _person(entry: Mapping[str, Any]) -> str:
    return clean(entry["user"]["username"])


def _member_removed(entry: Mapping[str, Any], _: Titles) -> str:
    if entry["user"].get("id") == entry.get("actor", {}).get("id"):
        return "left the list"
    return f"removed {_person(entry)} from the list"


_PHRASES: dict[str, Callable[[Mapping[str, Any], Titles], str]] = {
    "list.created": lambda e, _: f"made the list {_quoted(e['list']['title'])}",
    "list.updated": _list_updated,
    "list.deleted": lambda _e, _: "deleted the list",
    "member.added": lambda e, _: f"shared the list with {_person(e)} as {clean(e['role'])}",
    "member.role_changed": lambda e, _: f"made {_person(e)} {clean(e['role'])}",
    "member.removed": _member_removed,
    "todo.created": _created,
    "todo.updated": _updated,
    "todo.moved": lambda e, t: f"moved {_todo(e, t)}",
    "todo.deleted": lambda e, t: f"deleted {_todo(e, t)}",
    "todo.restored": lambda e, t: f"restored {_todo(e, t)}",
    "todo.purged": lambda e, t: f"emptied {_todo(e, t)} from the trash",
    "todo.label_added": lambda e, t: f"labelled {_todo(e, t)} {_quoted(e['label'])}",
    "todo.label_removed": lambda e, t: f"took the label {_quoted(e['label'])} off {_todo(e, t)}",
    "todo.assigned": lambda e, t: f"assigned {_todo(e, t)} to {_person(e)}",
    "todo.unassigned": lambda e, t: f"took {_person(e)} off {_todo(e, t)}",
    "todo.blocked": lambda e, t: f"made {_todo(e, t)} wait for {_todo(e, t, 'by')}",
    "todo.unblocked": lambda e, t: f"no longer lets {_todo(e, t)} wait for {_todo(e, t, 'by')}",
    "message.posted": lambda e, _: f"says: {clean(e['message']['text'], 400)}",
}
