"""The offline queue's door: many commands in one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from http_api.answers import CommandResults
from http_api.call import parse_uuid
from http_api.endpoint import API, Answer, Endpoint
from http_api.problems import problem_document
from http_api.reply import reply
from http_api.trail import trail_of
from http_api.write import without_changes
from store.commit_together import CommandRefusedError
from store.committed import Committed
from store.errors import Invalid, LockstepError, NotDone, TooMany, Unavailable
from store.todo.parse import UnknownCommandError, parse_command

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call
    from store.todo.commands import Command

__all__ = ["ENDPOINTS", "MAX_COMMANDS"]

MAX_COMMANDS: Final = 100
_Outcome: TypeAlias = Committed | LockstepError

_NONE_DONE: Final = "Not done, because another command of the same batch was refused."
_NOT_TRIED: Final = "Not tried, because one before it could not be carried out."


class CommandsBody(BaseModel):
    """Send commands to be carried out in this order; each has ``type``, ``op`` and its fields."""

    model_config = ConfigDict(extra="forbid")

    commands: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_COMMANDS)]
    op: UUID | None = None
    atomic: StrictBool = False


async def _commands(call: Call) -> Response:
    body = await call.body(CommandsBody)
    batch = call.op({} if body.op is None else {"op": str(body.op)})
    given = [_named(fields, batch, number) for number, fields in enumerate(body.commands)]
    nameless = [number for number, fields in enumerate(given) if _op(fields) is None]
    if nameless:  # whole: no result could say which command it is about
        raise Invalid([(f"commands.{number}.op", "must be a UUID") for number in nameless])
    carry_out = _all_or_none if body.atomic else _in_turn
    outcomes = await carry_out(call, given)
    response = reply(
        {
            "results": [
                _done(fields, outcome)
                if isinstance(outcome, Committed)
                else _refused(call, fields, outcome)
                for fields, outcome in zip(given, outcomes, strict=True)
            ]
        }
    )
    trail_of(call.request.scope).wrote(one for one in outcomes if isinstance(one, Committed))
    if all(isinstance(outcome, Committed) and outcome.replayed for outcome in outcomes):
        response.headers["Idempotent-Replay"] = "true"
    return response


def _named(fields: dict[str, Any], batch: str | None, number: int) -> dict[str, Any]:
    """Name a nameless command after the batch's own key, so that a retry of it doubles none."""
    if batch is None or fields.get("op") is not None:
        return fields
    return {**fields, "op": str(uuid5(UUID(batch), str(number)))}


def _op(fields: dict[str, Any]) -> str | None:
    op = parse_uuid(fields.get("op"))
    return None if op is None else str(op)


def _refused(call: Call, fields: dict[str, Any], refusal: LockstepError) -> dict[str, Any]:
    document = orjson.dumps(problem_document(refusal, call.request_id))
    return {"op": _op(fields), "status": refusal.status, "body": orjson.Fragment(document)}


def _done(fields: dict[str, Any], committed: Committed) -> dict[str, Any]:
    body = orjson.Fragment(committed.body)
    return {"op": _op(fields), "status": committed.status, "body": body}


async def _all_or_none(call: Call, given: list[dict[str, Any]]) -> list[_Outcome]:
    """Carry out all commands in one transaction, or say of each why none was."""
    parsed = [_parsed(fields) for fields in given]
    refused = {number: one for number, one in enumerate(parsed) if isinstance(one, LockstepError)}
    made: tuple[Committed, ...] = ()
    if not refused:
        try:
            made = await call.services.replica.submit_all(call.actor, _commands_in(parsed))
        except CommandRefusedError as error:
            refused[error.index] = error.refusal
    if refused:
        return [refused.get(number) or NotDone(_NONE_DONE) for number in range(len(given))]
    return list(made)


async def _in_turn(call: Call, given: list[dict[str, Any]]) -> list[_Outcome]:
    """Carry out one command after the other, whatever becomes of those before it.

    Those that go together are written together. When they do not, each is tried alone for a while,
    twice as long each time, so that a hundred which never do cost seven vain attempts.
    """
    outcomes: list[_Outcome] = []
    parsed = [_parsed(fields) for fields in given]
    alone, patience = 0, 1
    while len(outcomes) < len(given):
        rest = _commands_in(parsed[len(outcomes) :])
        try:
            if len(rest) > 1 and not alone:
                made = await call.services.replica.submit_first(call.actor, rest)
                outcomes += made
                if made:
                    alone = int(len(made) < len(rest))  # something is with the next one
                    continue
                alone, patience = patience, patience * 2
            alone = max(0, alone - 1)
            command = parsed[len(outcomes)]
            if isinstance(command, LockstepError):
                raise command
            outcomes.append(await call.services.replica.submit(call.actor, command))
        except LockstepError as refusal:
            outcomes.append(refusal)
            if isinstance(refusal, Unavailable | TooMany):
                # Later ones may build on this one: to go on would refuse them for good.
                rest_of = len(given) - len(outcomes)
                outcomes += [Unavailable(_NOT_TRIED) for _ in range(rest_of)]
    return outcomes


def _commands_in(parsed: Sequence[Command | LockstepError]) -> list[Command]:
    """Give those from the front that are commands at all."""
    commands: list[Command] = []
    for one in parsed:
        if isinstance(one, LockstepError):
            break
        commands.append(one)
    return commands


def _parsed(fields: dict[str, Any]) -> Command | LockstepError:
    try:
        return _parse(fields)
    except LockstepError as refusal:
        return refusal


def _parse(fields: dict[str, Any]) -> Command:
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise Invalid([("type", "Field required")])
    try:
        return parse_command(kind, fields)
    except UnknownCommandError:
        raise Invalid([("type", "is no command")]) from None
    except Invalid as refusal:
        raise without_changes(refusal) from None  # only commands whose own route nests have any


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path=f"{API}/commands",
        tag="Commands",
        summary="Carry out up to 100 commands in order",
        description="Each result has the status and the body that the command's own route would "
        "answer. After a 429 or 503 the rest is not tried and answered 503: send those again. With "
        "`atomic`, commands of one list (which the first may make, with an `id` for the others to "
        "name) all take effect or none does: the one refused says why, the others are answered 424 "
        "`not_done`. Every command has its own `op`; only with an `Idempotency-Key` for the whole "
        "batch it may be left out, and is then derived from that.",
        handler=_commands,
        body=CommandsBody,
        answers={200: Answer("A result for each command", CommandResults)},
        write=True,
    ),
)
