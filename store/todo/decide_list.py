"""Decide the commands about a list itself, its members and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from store.errors import Conflict, NotFound
from store.todo.decision import Context, Decision, demand
from store.todo.model import ListInfo, Member, Role, member_json, person_json

if TYPE_CHECKING:
    from store.todo.commands import (
        ListCreate,
        ListDelete,
        ListUpdate,
        MemberRemove,
        MemberSet,
        MessagePost,
    )
    from store.todo.view import View

__all__ = [
    "MAX_LISTS",
    "MAX_MEMBERS",
    "create_list",
    "delete_list",
    "list_json",
    "post_message",
    "remove_member",
    "set_member",
    "update_list",
]

MAX_MEMBERS = 200
MAX_LISTS = 1_000


def list_json(info: ListInfo) -> dict[str, Any]:
    """Build the ``{id, title, description}`` that entries and answers carry."""
    return {"id": str(info.id), "title": info.title, "description": info.description}


def create_list(command: ListCreate, context: Context) -> Decision:
    """Make a list with the actor as its owner: two entries, the list and its first member."""
    made = list_json(ListInfo(command.id or context.new_id, command.title, command.description))
    owner = person_json(context.actor)
    return Decision(
        entries=(
            context.entry("list.created", list=made),
            context.entry("member.added", user=owner, role=Role.OWNER.value),
        ),
        inbox=((context.actor.id, context.entry("list.joined", list=made, role=Role.OWNER.value)),),
        answer={"list": made},
        status=201,
    )


def update_list(view: View, command: ListUpdate, context: Context) -> Decision:
    """Change the list's own fields; equal values make no entry."""
    demand(view.role, Role.EDITOR)
    wanted = {name: getattr(command.changes, name) for name in command.changes.model_fields_set}
    changes = {name: value for name, value in wanted.items() if getattr(view.info, name) != value}
    answer = {"list": {**list_json(view.info), **changes}}
    if not changes:
        return Decision(answer=answer)
    return Decision((context.entry("list.updated", changes=changes),), answer=answer)


def delete_list(view: View, command: ListDelete, context: Context) -> Decision:
    """Delete the list for everyone and tell each member's inbox."""
    demand(view.role, Role.OWNER)
    if view.info.inbox:
        raise Conflict("The Inbox stays: every account keeps one.", code="inbox")
    left = context.entry("list.left", list_id=str(command.list_id))
    return Decision(
        entries=(context.entry("list.deleted"),),
        inbox=tuple((member, left) for member in view.members),
        answer={},
    )


def set_member(view: View, command: MemberSet, context: Context) -> Decision:
    """Add a member, or change the role of one."""
    demand(view.role, Role.OWNER)
    person = view.people.get(command.username)
    if person is None:
        raise NotFound("No account has this name.", code="user_not_found")
    role = Role(command.role)
    known = view.members.get(person.id)
    answer = {"member": member_json(Member(person, role))}
    if known is not None and known.role is role:
        return Decision(answer=answer)
    if view.info.inbox:
        _demand_inbox_kept(role, own=person.id == view.keeper)
    fields = {"user": person_json(person), "role": role.value}
    if known is not None:
        if known.role is Role.OWNER:
            _demand_another_owner(view)
        return Decision((context.entry("member.role_changed", **fields),), answer=answer)
    if view.member_count >= MAX_MEMBERS:
        raise Conflict(f"A list has at most {MAX_MEMBERS} members.", code="limit_reached")
    joined = context.entry("list.joined", list=list_json(view.info), role=role.value)
    return Decision(
        (context.entry("member.added", **fields),), inbox=((person.id, joined),), answer=answer
    )


def remove_member(view: View, command: MemberRemove, context: Context) -> Decision:
    """Remove a member, which anyone may do to themself; not a member: no entry."""
    person = view.people.get(command.username)
    if person is None or person.id != context.actor.id:
        demand(view.role, Role.OWNER)
    known = None if person is None else view.members.get(person.id)
    if person is None or known is None:
        return Decision(answer={})
    if view.info.inbox and person.id == view.keeper:
        raise Conflict("The Inbox stays with the person whose it is.", code="inbox")
    if known.role is Role.OWNER:
        _demand_another_owner(view)
    left = context.entry("list.left", list_id=str(command.list_id))
    return Decision(
        (context.entry("member.removed", user=person_json(person)),),
        inbox=((person.id, left),),
        answer={},
    )


def post_message(view: View, command: MessagePost, context: Context) -> Decision:
    """Post a message to everyone in the list."""
    demand(view.role, Role.EDITOR)
    message = {
        "id": str(context.new_id),
        "text": command.text,
        "from": person_json(context.actor),
        "at": context.at,
    }
    entry = context.entry("message.posted", message=message)
    return Decision((entry,), answer={"message": message}, status=201)


def _demand_inbox_kept(role: Role, *, own: bool) -> None:
    """Refuse (Conflict ``inbox``) a role that would give an Inbox away.

    ``own``: the role is for the person whose Inbox it is, who has no other than owner.
    """
    if own is not (role is Role.OWNER):
        raise Conflict(
            "An Inbox keeps the one owner whose it is: share it with editors and viewers.",
            code="inbox",
        )


def _demand_another_owner(view: View) -> None:
    if view.owner_count <= 1:
        raise Conflict(
            "A list keeps at least one owner: make another member owner first, or delete the list.",
            code="last_owner",
        )
