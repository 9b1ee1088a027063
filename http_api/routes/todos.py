"""Todos: make, see, change, move, delete, restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from http_api.answers import TodoRead, TodoWritten
from http_api.body_model import body_model
from http_api.endpoint import API, Answer, Endpoint
from http_api.reply import matches, not_modified, reply
from http_api.write import command_route, refuse_reserved, submit
from store.entry import Position
from store.todo.model import todo_json
from store.todo.parse import parse_command

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS"]

_TODO: Final = "/todos/{todo_id}"


async def _create_in_inbox(call: Call) -> Response:
    fields = await call.fields()
    op = call.op(fields)
    refuse_reserved({"list_id", "type"}, fields)
    inbox = await call.services.inboxes.of(call.actor.id)
    command = parse_command("todo.create", {**fields, "list_id": str(inbox), "op": op})
    return await submit(call, command)


async def _one(call: Call) -> Response:
    todo, position = await call.services.store.todo(call.actor.id, call.path_id("todo_id"))
    etag = Position(position.epoch, todo.offset).etag
    if matches(call.request, etag):
        return not_modified(etag)
    return reply(
        {"todo": todo_json(todo), "epoch": position.epoch, "offset": position.offset}, etag=etag
    )


def _in_set(path: str, thing: str, add: str, remove: str) -> tuple[Endpoint, Endpoint]:
    """Make the routes of one of a todo's sets: changed by add and remove, never as a whole."""
    return (
        command_route(
            "PUT",
            f"{_TODO}/{path}",
            add,
            tag="Todos",
            summary=f"Add {thing} to a todo",
            model=TodoWritten,
            conditional=True,
            refusals=(403, 404, 409),
        ),
        command_route(
            "DELETE",
            f"{_TODO}/{path}",
            remove,
            tag="Todos",
            summary=f"Remove {thing} from a todo",
            model=TodoWritten,
            conditional=True,
            refusals=(403, 404, 409),
        ),
    )


ENDPOINTS: Final = (
    command_route(
        "POST",
        "/lists/{list_id}/todos",
        "todo.create",
        tag="Todos",
        summary="Add a todo to a list",
        model=TodoWritten,
        status=201,
        refusals=(403, 404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{API}/todos",
        tag="Todos",
        summary="Add a todo to my Inbox",
        handler=_create_in_inbox,
        body=body_model("todo.create", ("list_id",)),
        answers={201: Answer("The todo", TodoWritten)},
        refusals=(409,),
        write=True,
    ),
    Endpoint(
        method="GET",
        path=API + _TODO,
        tag="Todos",
        summary="One todo",
        description="`ETag` names the position of the todo's own last change, for If-Match.",
        handler=_one,
        answers={
            200: Answer("The todo", TodoRead, etag=True),
            304: Answer("The todo named in If-None-Match is current", etag=True),
        },
        refusals=(404,),
    ),
    command_route(
        "PATCH",
        _TODO,
        "todo.update",
        tag="Todos",
        summary="Change a todo's fields",
        description="Absent fields stay. `base` is the list offset that you had seen: the answer's "
        "entry then names what you replaced of others.",
        model=TodoWritten,
        nested=True,
        conditional=True,
        refusals=(403, 404, 409),
    ),
    command_route(
        "DELETE",
        _TODO,
        "todo.delete",
        tag="Todos",
        summary="Move a todo to the trash",
        model=TodoWritten,
        conditional=True,
        refusals=(403, 404),
    ),
    command_route(
        "POST",
        f"{_TODO}/move",
        "todo.move",
        tag="Todos",
        summary="Put a todo behind another, or first",
        model=TodoWritten,
        conditional=True,
        refusals=(403, 404, 409),
    ),
    command_route(
        "POST",
        f"{_TODO}/restore",
        "todo.restore",
        tag="Todos",
        summary="Bring a todo back from the trash",
        model=TodoWritten,
        conditional=True,
        refusals=(403, 404, 409),
    ),
    *_in_set("labels/{label:path}", "a label", "todo.add_label", "todo.remove_label"),
    *_in_set("assignees/{username}", "an assignee", "todo.assign", "todo.unassign"),
    *_in_set("blocked_by/{by}", "a todo that must be done first", "todo.block", "todo.unblock"),
)
