"""Serve a command at a route of its own: validate, submit, answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson
from starlette.responses import Response

from http_api.body_model import body_model
from http_api.endpoint import API, Answer, Endpoint, names_id
from http_api.trail import trail_of
from store.entry import Position
from store.errors import Invalid
from store.todo.parse import NOT_KNOWN, parse_command

if TYPE_CHECKING:
    from pydantic import BaseModel

    from http_api.call import Call
    from store.committed import Committed
    from store.todo.commands import Command

__all__ = ["command_route", "refuse_reserved", "submit", "written"]

_PARAMETER: Final = re.compile(r"{(\w+)(?::path)?}")


def command_route(
    method: Literal["POST", "PUT", "PATCH", "DELETE"],
    path: str,
    kind: str,
    *,
    tag: str,
    summary: str,
    model: type[BaseModel],
    status: int = 200,
    description: str = "",
    nested: bool = False,
    conditional: bool = False,
    refusals: tuple[int, ...] = (),
) -> Endpoint:
    """Make the endpoint of the command ``kind``.

    The path's parameters are fields of the command; the body has the others. ``nested``: the body's
    fields are the command's ``changes``, with ``op`` and ``base`` beside them. ``conditional``:
    If-Match applies. ``model`` describes the answer.
    """
    parameters = tuple(_PARAMETER.findall(path))
    return Endpoint(
        method=method,
        path=API + path,
        tag=tag,
        summary=summary,
        description=description,
        handler=_handler(kind, parameters, nested=nested, conditional=conditional),
        body=body_model(kind, parameters, nested=nested),
        answers={status: Answer(summary, model, etag=conditional)},
        refusals=refusals,
        write=True,
        conditional=conditional,
    )


def _handler(
    kind: str, parameters: tuple[str, ...], *, nested: bool, conditional: bool
) -> Callable[[Call], Awaitable[Response]]:
    # What the path says, the body may not say again, nor which command this is.
    reserved = {*parameters, "type"}

    async def handle(call: Call) -> Response:
        from_path = {
            name: str(call.path_id(name)) if names_id(name) else call.path_text(name)
            for name in parameters
        }
        fields = await call.fields()
        op = call.op(fields)
        refuse_reserved(reserved, fields)
        if nested:
            fields = _nest(fields)
        command = _parse(kind, {**fields, **from_path, "op": op}, nested=nested)
        return await submit(call, command, conditional=conditional)

    return handle


def refuse_reserved(reserved: AbstractSet[str], fields: Mapping[str, Any]) -> None:
    """Raise Invalid for fields that the body may not have because something else decides them."""
    foreign = sorted(reserved & fields.keys())
    if foreign:
        raise Invalid([(name, NOT_KNOWN) for name in foreign])


def _nest(fields: dict[str, Any]) -> dict[str, Any]:
    beside = {name: fields[name] for name in ("base",) if name in fields}
    return {
        **beside,
        "changes": {name: fields[name] for name in fields if name not in {"op", "base"}},
    }


def _parse(kind: str, fields: dict[str, Any], *, nested: bool) -> Command:
    try:
        return parse_command(kind, fields)
    except Invalid as refusal:
        raise (without_changes(refusal) if nested else refusal) from None


def without_changes(refusal: Invalid) -> Invalid:
    """Name fields as they stand in a route's body, which knows nothing of ``changes``."""
    return Invalid([(path.removeprefix("changes."), message) for path, message in refusal.errors])


async def submit(call: Call, command: Command, *, conditional: bool = False) -> Response:
    """Send the command through the one write path and answer as it says."""
    if_match = call.if_match() if conditional else None  # elsewhere dispatch refuses it
    committed = await call.services.replica.submit(call.actor, command, if_match=if_match)
    trail_of(call.request.scope).wrote([committed])
    return written(committed, etag=conditional)


def written(committed: Committed, *, etag: bool = False) -> Response:
    """Answer with a commit's body; ``etag``: with the position of its last change."""
    response = Response(committed.body, status_code=committed.status, media_type="application/json")
    if committed.replayed:
        response.headers["Idempotent-Replay"] = "true"
    if etag:
        response.headers["ETag"] = _last_change(committed).etag
    return response


def _last_change(committed: Committed) -> Position:
    """Give the position of the last change of what was written.

    That is the commit's own, except for a todo which this commit did not change.
    """
    position = committed.position
    if committed.entries:
        return position
    todo = orjson.loads(committed.body).get("todo")
    return position if todo is None else Position(position.epoch, int(todo["offset"]))
