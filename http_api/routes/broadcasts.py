"""Broadcasts: administrators send, everyone receives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from http_api.answers import BroadcastPage, MessageWritten
from http_api.endpoint import API, Answer, Endpoint
from http_api.paging import MessagesQuery
from http_api.reply import reply
from http_api.routes.messages import message_page, page_members
from http_api.write import command_route
from store.log_id import LogId

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS"]


async def _all(call: Call) -> Response:
    return reply(page_members(await message_page(call, LogId.ALL), "broadcasts"))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/broadcasts",
        tag="Messages",
        summary="Broadcasts to everyone",
        description="Paged like my personal messages.",
        handler=_all,
        query=MessagesQuery,
        answers={200: Answer("Broadcasts", BroadcastPage)},
        refusals=(410,),
    ),
    command_route(
        "POST",
        "/broadcasts",
        "broadcast.post",
        tag="Messages",
        summary="Send a broadcast to everyone (administrators)",
        model=MessageWritten,
        status=201,
        refusals=(403,),
    ),
)
