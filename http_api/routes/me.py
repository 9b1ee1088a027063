"""The account of whoever asks, and its devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import ValidationError
from starlette.responses import Response

from http_api.account_shapes import AccountAnswer, OpBody, PasswordBody, SessionsAnswer
from http_api.body_model import body_of
from http_api.endpoint import API, Answer, Endpoint
from http_api.refresh_cookie import clear_cookie
from http_api.reply import reply
from http_api.write import refuse_reserved, submit
from store.commit_profile import account_json
from store.errors import NotFound
from store.todo.commands import ProfileUpdate
from store.todo.model import instant
from store.todo.parse import invalid

if TYPE_CHECKING:
    from http_api.call import Call

__all__ = ["ENDPOINTS"]


async def _me(call: Call) -> Response:
    return reply(account_json(await call.services.identity.accounts.profile(call.actor.id)))


async def _change(call: Call) -> Response:
    fields = await call.fields()
    op = call.op(fields)
    refuse_reserved({"type"}, fields)
    try:
        command = ProfileUpdate.model_validate({**fields, "op": op})
    except ValidationError as error:
        raise invalid(error) from None
    return await submit(call, command)


async def _password(call: Call) -> Response:
    body = await call.body(PasswordBody)
    op = call.op({"op": None if body.op is None else str(body.op)})
    identity, actor = call.services.identity, call.actor
    with identity.limits.attempt(actor.username, call.address):
        entries = await identity.accounts.change_password(
            actor.id,
            actor.session,
            body.current_password,
            body.new_password,
            repeats=op is not None,
        )
    if entries is None:
        return Response(status_code=204, headers={"Idempotent-Replay": "true"})
    call.services.replica.announce(entries)
    return Response(status_code=204)


async def _sessions(call: Call) -> Response:
    found = await call.services.identity.sessions.of(call.actor.id)
    return reply(
        {
            "sessions": [
                {
                    "id": str(session.id),
                    "device": session.device,
                    "created_at": instant(session.created_at),
                    "used_at": instant(session.used_at),
                    "expires_at": instant(session.expires_at),
                    "current": session.id == call.actor.session,
                }
                for session in found
            ]
        }
    )


async def _end(call: Call) -> Response:
    session = call.path_id("session_id")
    body = await call.body(OpBody)
    op = call.op({"op": None if body.op is None else str(body.op)})
    sessions = call.services.identity.sessions
    response = Response(status_code=204)
    try:
        entries = await sessions.revoke(call.actor.id, session)
    except NotFound:
        if op is None or not await sessions.was(call.actor.id, session):
            raise
        response.headers["Idempotent-Replay"] = "true"
    else:
        call.services.replica.announce(entries)
    if session == call.actor.session:
        clear_cookie(call.request, response)
    return response


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/me",
        tag="Me",
        summary="My account",
        handler=_me,
        answers={200: Answer("The account", AccountAnswer)},
    ),
    Endpoint(
        method="PATCH",
        path=f"{API}/me",
        tag="Me",
        summary="Change my display name or e-mail address",
        handler=_change,
        body=body_of(ProfileUpdate, ()),
        answers={200: Answer("The account as it now is", AccountAnswer)},
        refusals=(409, 422, 503),
        write=True,
    ),
    Endpoint(
        method="POST",
        path=f"{API}/me/password",
        tag="Me",
        summary="Change my password",
        description="Every other session ends, everywhere. With an operation id, a password that "
        "is the new one already counts as a repeat.",
        handler=_password,
        body=PasswordBody,
        answers={204: Answer("It is changed")},
        refusals=(403, 422, 429, 503),
        write=True,
    ),
    Endpoint(
        method="GET",
        path=f"{API}/me/sessions",
        tag="Me",
        summary="My sessions",
        handler=_sessions,
        answers={200: Answer("The sessions", SessionsAnswer)},
    ),
    Endpoint(
        method="DELETE",
        path=f"{API}/me/sessions/{{session_id}}",
        tag="Me",
        summary="End one of my sessions",
        description="Its tokens and sockets end everywhere. With an operation id, one that has "
        "ended already counts as a repeat.",
        handler=_end,
        body=OpBody,
        answers={204: Answer("It has ended")},
        refusals=(404, 503),
        write=True,
    ),
)
