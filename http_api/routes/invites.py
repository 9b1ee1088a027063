"""Invitations: share a list by link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson
from pydantic import ValidationError
from starlette.responses import Response

from http_api.answers import InviteAccepted, InviteMade, InvitesOpen
from http_api.body_model import body_of
from http_api.endpoint import API, Answer, Endpoint
from http_api.reply import reply
from http_api.write import command_route, refuse_reserved
from store.todo.commands import InviteCreate
from store.todo.parse import invalid

if TYPE_CHECKING:
    from http_api.call import Call
    from store.invites import Invite

__all__ = ["ENDPOINTS"]

_PATH: Final = f"{API}/lists/{{list_id}}/invites"


def _shown(invite: Invite) -> dict[str, Any]:
    return invite.as_json()


async def _create(call: Call) -> Response:
    list_id = call.path_id("list_id")
    fields = await call.fields()
    refuse_reserved({"list_id", "type"}, fields)
    try:
        command = InviteCreate.model_validate(
            {**fields, "list_id": str(list_id), "op": call.op(fields)}
        )
    except ValidationError as error:
        raise invalid(error) from None
    made, token = await call.services.invites.create(call.actor.id, command)
    url = f"{_origin(call)}/#/invites/{quote(token, safe='')}"
    response = reply({**orjson.loads(made.body), "token": token, "url": url}, status=made.status)
    if made.replayed:
        response.headers["Idempotent-Replay"] = "true"
    return response


def _origin(call: Call) -> str:
    """Give the address to put into a link; empty (a relative link) when nobody vouches for one.

    The Host field alone does not: whoever sends it would choose where the link leads.
    """
    services = call.services
    listed = sorted(services.settings.allowed_origins)
    if listed:
        return listed[0]
    host = call.request.headers.get("host", "")
    own = f"{call.request.scope['scheme']}://{host}"
    return own if services.origins.allows(own, call.request.scope["scheme"], host) else ""


async def _open(call: Call) -> Response:
    found = await call.services.invites.of_list(call.actor.id, call.path_id("list_id"))
    return reply({"invites": [_shown(invite) for invite in found]})


async def _withdraw(call: Call) -> Response:
    invite_id = call.path_id("invite_id")
    await call.services.invites.revoke(call.actor.id, call.path_id("list_id"), invite_id)
    return Response(status_code=204)


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path=_PATH,
        tag="Members",
        summary="Make an invitation link",
        description="The token is shown this once, and to a repeated request with the same "
        "operation id. An invitation is no entry of the list's log: `offset` is where that stands.",
        handler=_create,
        body=body_of(InviteCreate, ("list_id",)),
        answers={201: Answer("The invitation with its token", InviteMade)},
        refusals=(403, 404, 409),
        write=True,
    ),
    Endpoint(
        method="GET",
        path=_PATH,
        tag="Members",
        summary="The invitations that are open",
        handler=_open,
        answers={200: Answer("The invitations, without their tokens", InvitesOpen)},
        refusals=(403, 404),
    ),
    Endpoint(
        method="DELETE",
        path=f"{_PATH}/{{invite_id}}",
        tag="Members",
        summary="Withdraw an invitation",
        handler=_withdraw,
        answers={204: Answer("It opens nothing any more")},
        refusals=(403, 404),
    ),
    command_route(
        "POST",
        "/invites/{token}/accept",
        "invite.accept",
        tag="Members",
        summary="Join the list that an invitation opens",
        model=InviteAccepted,
        refusals=(404, 409),
    ),
)
