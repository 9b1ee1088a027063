"""The offline queue's door: many commands in one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from http_api.answers import CommandResults
from http_api.call import parse_uuid
from http_api.endpoint import API, Answer, Endpoint
from http_api.problems import problem_document
from http_api.reply import reply
from store.errors import Invalid, LockstepError, TooMany, Unavailable
from store.todo.parse import UnknownCommandError, parse_command

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS", "MAX_COMMANDS"]

MAX_COMMANDS: Final = 100


class CommandsBody(BaseModel):
    """Send commands to be carried out in this order; each has ``type``, ``op`` and its fields."""

    model_config = ConfigDict(extra="forbid")

    commands: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_COMMANDS)]
    op: UUID | None = None
    atomic: StrictBool = False


async def _commands(call: Call) -> Response:
    body = await call.body(CommandsBody)
    batch = call.op({} if body.op is None else {"op": str(body.op)})
    if body.atomic:
        raise Invalid([("atomic", "is not offered yet; send the commands without it")])
    if call.request.headers.get("if-match") is not None:
        raise Invalid([("If-Match", "is understood where the answer has an ETag only")])
    results: list[dict[str, Any]] = []
    passing: LockstepError | None = None
    for number, given in enumerate(body.commands):
        fields = given
        if batch is not None and "op" not in given:
            # The batch's own key names its nameless commands, so a retry of it doubles none.
            fields = {**given, "op": str(uuid5(UUID(batch), str(number)))}
        op = parse_uuid(fields.get("op"))
        result: dict[str, Any] = {"op": None if op is None else str(op)}
        try:
            if passing is not None:
                raise passing
            status, answer = await _carry_out(call, fields)
        except LockstepError as refusal:
            status = refusal.status
            answer = orjson.Fragment(orjson.dumps(problem_document(refusal, call.request_id)))
            if isinstance(refusal, Unavailable | TooMany):
                # Later ones may build on this one: to go on would refuse them for good.
                passing = Unavailable("Not tried, because one before it could not be carried out.")
        results.append({**result, "status": status, "body": answer})
    return reply({"results": results})


async def _carry_out(call: Call, fields: dict[str, Any]) -> tuple[int, orjson.Fragment]:
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise Invalid([("type", "Field required")])
    try:
        command = parse_command(kind, fields)
    except UnknownCommandError:
        raise Invalid([("type", "is no command")]) from None
    committed = await call.services.replica.submit(call.actor, command)
    return committed.status, orjson.Fragment(committed.body)


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path=f"{API}/commands",
        tag="Commands",
        summary="Carry out up to 100 commands in order",
        description="Each result has the status and the body that the command's own route would "
        "answer. After a 429 or 503 the rest is not tried and answered 503: send those again.",
        handler=_commands,
        body=CommandsBody,
        answers={200: Answer("A result for each command", CommandResults)},
        write=True,
    ),
)
