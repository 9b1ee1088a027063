"""Decide a command of a list: from what is loaded of it to entries, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store.todo import decide_list, decide_set, decide_todo
from store.todo.commands import (
    Command,
    ListDelete,
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
from store.todo.decision import Context, Decision
from store.todo.view import View

__all__ = ["decide"]

_RULES: dict[type[Command], Callable[[View, Any, Context], Decision]] = {
    ListUpdate: decide_list.update_list,
    ListDelete: decide_list.delete_list,
    MemberSet: decide_list.set_member,
    MemberRemove: decide_list.remove_member,
    MessagePost: decide_list.post_message,
    TodoCreate: decide_todo.create_todo,
    TodoUpdate: decide_todo.update_todo,
    TodoMove: decide_todo.move_todo,
    TodoDelete: decide_todo.delete_todo,
    TodoRestore: decide_todo.restore_todo,
    TodoAddLabel: decide_set.add_label,
    TodoRemoveLabel: decide_set.remove_label,
    TodoAssign: decide_set.assign,
    TodoUnassign: decide_set.unassign,
    TodoBlock: decide_set.block,
    TodoUnblock: decide_set.unblock,
}


def decide(view: View, command: Command, context: Context) -> Decision:
    """Decide ``command`` against ``view``, which holds all that ``needs_of(command)`` names.

    Raises a refusal of store.errors; never changes anything itself.
    """
    return _RULES[type(command)](view, command, context)
