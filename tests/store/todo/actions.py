"""Draw random histories of a list: actions that name things by number, made into commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from store.todo.commands import (
    Command,
    ListUpdate,
    MemberRemove,
    MemberSet,
    MessagePost,
    TodoAddLabel,
    TodoAssign,
    TodoBlock,
    TodoCreate,
    TodoDelete,
    TodoMove,
    TodoRemoveLabel,
    TodoRestore,
    TodoUnassign,
    TodoUnblock,
    TodoUpdate,
)

PEOPLE = ("ann", "bob", "cyd")

text = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20
).filter(str.strip)


@dataclass(frozen=True)
class Action:
    """Name who does what; ``target`` and ``after`` count into the todos made so far."""

    actor: str
    kind: str
    target: int
    after: int | None
    fields: dict[str, Any]

    def command(self, list_id: UUID, todo_ids: list[UUID]) -> Command | None:
        """Make the command; None when there is no todo yet for it to be about."""
        if self.kind == "create":
            after = {} if self.after is None else {"after": self._pick(todo_ids, self.after)}
            return TodoCreate(list_id=list_id, **self.fields, **after)
        if self.kind == "rename":
            return ListUpdate(list_id=list_id, changes={"title": self.fields["title"]})
        if self.kind == "share":
            return MemberSet(list_id=list_id, **self.fields)
        if self.kind == "remove":
            return MemberRemove(list_id=list_id, username=self.fields["username"])
        if self.kind == "say":
            return MessagePost(list_id=list_id, text=self.fields["title"])
        if not todo_ids:
            return None
        todo_id = self._pick(todo_ids, self.target)
        if self.kind == "update":
            return TodoUpdate(todo_id=todo_id, changes=self.fields, base=self.target)
        if self.kind == "move":
            behind = None if self.after is None else self._pick(todo_ids, self.after)
            return TodoMove(todo_id=todo_id, after=behind)
        if self.kind in {"label", "unlabel"}:
            model = TodoAddLabel if self.kind == "label" else TodoRemoveLabel
            return model(todo_id=todo_id, **self.fields)
        if self.kind in {"assign", "unassign"}:
            return (TodoAssign if self.kind == "assign" else TodoUnassign)(
                todo_id=todo_id, username=self.fields["username"]
            )
        if self.kind in {"block", "unblock"}:
            by = self._pick(todo_ids, self.after or 0)
            return (TodoBlock if self.kind == "block" else TodoUnblock)(todo_id=todo_id, by=by)
        return {"delete": TodoDelete, "restore": TodoRestore}[self.kind](todo_id=todo_id)

    @staticmethod
    def _pick(todo_ids: list[UUID], number: int) -> UUID | None:
        return todo_ids[number % len(todo_ids)] if todo_ids else None


_OPTIONAL = {
    "notes": text,
    "priority": st.sampled_from(["none", "low", "medium", "high"]),
    "due_at": st.none() | st.sampled_from(["2030-01-01T00:00:00Z", "1999-12-31T23:59:59.5+02:00"]),
    "estimate_min": st.none() | st.integers(1, 100_000),
}
_changes = st.fixed_dictionaries(
    {}, optional={"title": text, "completed": st.booleans()} | _OPTIONAL
)
_created = st.fixed_dictionaries(
    {"title": text},
    optional={
        **_OPTIONAL,
        "labels": st.lists(text, max_size=3),
        "assignees": st.lists(st.sampled_from(PEOPLE), max_size=2),
    },
)
_shared = st.fixed_dictionaries(
    {
        "username": st.sampled_from(PEOPLE),
        "role": st.sampled_from(["owner", "editor", "viewer"]),
    }
)


def _action(kind: str, fields: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Action]:
    return st.builds(
        Action,
        actor=st.sampled_from(PEOPLE),
        kind=st.just(kind),
        target=st.integers(0, 20),
        after=st.none() | st.integers(0, 20),
        fields=fields,
    )


_labelled = st.fixed_dictionaries({"label": st.sampled_from(["shop", "home", "caf\u00e9"])})
_nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
actions = st.lists(
    st.one_of(
        _action("create", _created),
        _action("create", _created),
        _action("update", _changes),
        _action("update", _changes),
        _action("move", _nothing),
        _action("move", _nothing),
        _action("delete", _nothing),
        _action("restore", _nothing),
        _action("label", _labelled),
        _action("unlabel", _labelled),
        _action("assign", _shared),
        _action("unassign", _shared),
        _action("block", _nothing),
        _action("block", _nothing),
        _action("unblock", _nothing),
        _action("rename", st.fixed_dictionaries({"title": text})),
        _action("say", st.fixed_dictionaries({"title": text})),
        _action("share", _shared),
        _action("share", _shared),
        _action("remove", st.fixed_dictionaries({"username": st.sampled_from(PEOPLE)})),
    ),
    min_size=1,
    max_size=25,
)
