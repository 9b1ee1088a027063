"""The live side without a WebSocket: an answer that lasts, and a door for what the client says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from http_api.body import read_json, read_object
from http_api.endpoint import Answer, Endpoint
from http_api.refusals import Malformed
from http_api.socket_door import STREAM_PATH, unwilling
from http_api.socket_shapes import ConnectBody
from realtime.command import Connect
from realtime.encoding import BadFrame
from realtime.encoding_json import JSON
from realtime.transport_stream import STREAM_TYPE
from store.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from http_api.call import Call
    from realtime.replica import Replica

__all__ = ["EMULATION_PATH", "ENDPOINTS"]

EMULATION_PATH: Final = "/emulation"

_Word = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]


class ConnectCommand(BaseModel):
    """Say who connects, as on the socket."""

    id: Annotated[int, Field(ge=1, le=2**32 - 1)]
    connect: ConnectBody


class EmulationBody(BaseModel):
    """Say something on a connection whose answer is a stream."""

    model_config = ConfigDict(strict=True)  # further fields are the protocol's, and ignored

    session: _Word = Field(description="The `session` of the reply to `connect`: a secret.")
    node: _Word = Field(description="The `node` of that reply.")
    data: Annotated[str, Field(min_length=1)] = Field(
        description="Commands as on the socket, joined by newlines."
    )


class _Stream(Response):
    """Answer with whatever the connection is sent, until either side ends it."""

    def __init__(self, replica: Replica, first: bytes) -> None:
        super().__init__()
        self._replica = replica
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the connection."""
        await self._replica.stream(scope, receive, send, self._first)


async def _open(call: Call) -> Response:
    replica = call.services.replica
    first = await read_json(call.request, replica.limits.first_frame_bytes)
    try:
        command, *_ = JSON.parse(first)
    except BadFrame as error:
        raise Malformed(f"The body is no command of the protocol: {error}.") from error
    if not isinstance(command, Connect):
        raise Malformed("The body must begin with the command connect.")
    if (refusal := unwilling(replica)) is not None:
        raise refusal
    return _Stream(replica, first)


async def _emulate(call: Call) -> Response:
    try:
        body = EmulationBody.model_validate(await read_object(call.request))
    except (Invalid, ValidationError) as error:
        message = "The body must hold session and node as connect answered them, and data."
        raise Malformed(message) from error
    if not call.services.replica.emulate(body.session, body.node, body.data.encode()):
        raise Unavailable("The replica of that stream is out of reach; connect again.")
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


ENDPOINTS: Final = (
    Endpoint(
        method="POST",
        path=STREAM_PATH,
        tag="Streams",
        summary="Connect without a WebSocket",
        description=(
            "The connection of `/connection/websocket` for networks that break WebSockets. The "
            "body is the command `connect`, at most 64 KiB. Each line of the answer is a message: "
            "the reply, then whatever comes; the last one says why the server ends. The reply "
            "has `session` and `node` for `POST /emulation`, by which all further commands go."
        ),
        handler=_open,
        body=ConnectCommand,
        answers={200: Answer("Lines of JSON, until either side ends", media_type=STREAM_TYPE)},
        refusals=(503,),
        public=True,
    ),
    Endpoint(
        method="POST",
        path=EMULATION_PATH,
        tag="Streams",
        summary="Say something on a stream",
        description=(
            "Commands for a connection that `/connection/http_stream` answers, on any replica; "
            "their replies come on its stream. Whether the session exists is not told. 503: the "
            "commands are lost; connect again."
        ),
        handler=_emulate,
        body=EmulationBody,
        answers={204: Answer("Handed on, if there is such a stream")},
        refusals=(503,),
        public=True,
    ),
)
