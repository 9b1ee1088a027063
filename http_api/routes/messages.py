"""Messages: to a person, and to the members of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from http_api.answers import Inbox, ListMessages, MessageWritten, ReadWritten
from http_api.endpoint import API, Answer, Endpoint
from http_api.paging import MessagesQuery, resumable
from http_api.reply import array_of, reply
from http_api.write import command_route
from store.database import Pool
from store.errors import NotFound
from store.log_id import LogId
from store.message_read import MessagePage, read_messages

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS", "message_page", "page_members"]


async def message_page(call: Call, log: LogId) -> MessagePage:
    """Read the messages of a log as the query asks.

    Raises NotFound without access to it, HistoryPruned when it does not go on from ``since``.
    """
    query = call.query(MessagesQuery)

    async def work(connection: AsyncConnection) -> MessagePage:
        return await read_messages(connection, log, call.actor.id, query.since, limit=query.limit)

    page = await call.services.store.database.transact(Pool.FANOUT, None, work, read_only=True)
    if page.log.role is None:
        raise NotFound
    if query.since is not None:
        advice = "Ask without since for the newest ones and go on from their position."
        resumable(page.log, query.since, query.epoch, advice)
    return page


def page_members(page: MessagePage, name: str) -> dict[str, Any]:
    """Build the answer's members, the messages under ``name``."""
    return {
        name: array_of(page.messages),
        "epoch": page.log.epoch,
        "offset": page.offset,
        "complete": page.complete,
    }


async def _inbox(call: Call) -> Response:
    page = await message_page(call, LogId.user(call.actor.id))
    return reply({**page_members(page, "messages"), "read_up_to": page.read_up_to})


async def _of_list(call: Call) -> Response:
    page = await message_page(call, LogId.list(call.path_id("list_id")))
    return reply(page_members(page, "messages"))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/messages",
        tag="Messages",
        summary="My personal messages",
        description="Oldest first: those after `since`, or the newest ones without it. While "
        "`complete` is false, ask again with `since` set to `offset`. 410: the log does not go on "
        "from there; ask without `since`.",
        handler=_inbox,
        query=MessagesQuery,
        answers={200: Answer("Messages to and from me", Inbox)},
        refusals=(410,),
    ),
    command_route(
        "POST",
        "/messages",
        "message.send",
        tag="Messages",
        summary="Send a message to someone who shares a list with me",
        model=MessageWritten,
        status=201,
        refusals=(404,),
    ),
    command_route(
        "POST",
        "/messages/read",
        "messages.read",
        tag="Messages",
        summary="Mark my messages as read, on all my devices",
        model=ReadWritten,
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/messages",
        tag="Messages",
        summary="What was said in a list",
        description="Paged like my personal messages.",
        handler=_of_list,
        query=MessagesQuery,
        answers={200: Answer("Messages", ListMessages)},
        refusals=(404, 410),
    ),
    command_route(
        "POST",
        "/lists/{list_id}/messages",
        "message.post",
        tag="Messages",
        summary="Say something to the members of a list",
        model=MessageWritten,
        status=201,
        refusals=(403, 404),
    ),
)
