"""Lists: mine, a new one, one whole, its changes, its trash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from http_api.answers import Changes, Lists, ListWritten, Written
from http_api.answers import Snapshot as SnapshotShape
from http_api.endpoint import API, Answer, Endpoint
from http_api.paging import HistoryQuery, resumable
from http_api.reply import array_of, matches, not_modified, reply
from http_api.write import command_route
from store.errors import NotFound
from store.log_id import LogId

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call
    from store.snapshot import ListOverview

__all__ = ["ENDPOINTS"]

MAX_PAGE_BYTES: Final = 1024 * 1024


async def _mine(call: Call) -> Response:
    mine = await call.services.store.lists_of(call.actor.id)
    return reply({"lists": [_overview(one) for one in mine]})


def _overview(one: ListOverview) -> dict[str, Any]:
    return {
        "id": str(one.info.id),
        "title": one.info.title,
        "role": one.role.value,
        "offset": one.offset,
        "open": one.open,
        "ready": one.ready,
        "inbox": one.info.inbox,
    }


async def _whole(call: Call) -> Response:
    given = call.request.headers.get("if-none-match")
    position, body = await call.services.snapshots.get(
        call.actor.id, call.path_id("list_id"), None if given is None else given.strip()
    )
    # The header may name several tags, or a weak one; the snapshot then was read for nothing.
    if body is None or matches(call.request, position.etag):
        return not_modified(position.etag)
    return reply(body, etag=position.etag)


async def _trash(call: Call) -> Response:
    position, body = await call.services.store.encoded(
        call.actor.id, call.path_id("list_id"), trash=True
    )
    return reply(body, etag=position.etag)


async def _changes(call: Call) -> Response:
    query = call.query(HistoryQuery)
    read = await call.services.store.read_log(
        LogId.list(call.path_id("list_id")),
        call.actor.id,
        query.since,
        limit=query.limit,
        max_bytes=MAX_PAGE_BYTES,
    )
    if read.role is None:
        raise NotFound
    resumable(read, query.since, query.epoch)
    reached = read.entries[-1].offset if read.entries else query.since
    return reply(
        {
            "epoch": read.epoch,
            "offset": reached,
            "changes": array_of(entry.with_offset for entry in read.entries),
            "complete": reached == read.head,
        }
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/lists",
        tag="Lists",
        summary="All my lists",
        handler=_mine,
        answers={200: Answer("My lists", Lists)},
    ),
    command_route(
        "POST",
        "/lists",
        "list.create",
        tag="Lists",
        summary="Make a list of my own",
        model=ListWritten,
        status=201,
        refusals=(409,),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}",
        tag="Lists",
        summary="A list whole: its snapshot",
        description="The list with its members and live todos, all as of one position of its log. "
        "From that position on, follow the channel `list:<id>` or ask for the changes.",
        handler=_whole,
        answers={
            200: Answer("The snapshot", SnapshotShape, etag=True),
            304: Answer("The snapshot named in If-None-Match is current", etag=True),
        },
        refusals=(404,),
    ),
    command_route(
        "PATCH",
        "/lists/{list_id}",
        "list.update",
        tag="Lists",
        summary="Change a list's title or description",
        model=ListWritten,
        nested=True,
        conditional=True,
        refusals=(403, 404),
    ),
    command_route(
        "DELETE",
        "/lists/{list_id}",
        "list.delete",
        tag="Lists",
        summary="Delete a list for everyone",
        model=Written,
        conditional=True,
        refusals=(403, 404, 409),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/changes",
        tag="Lists",
        summary="What changed after a position",
        description="Entries of the list's log, oldest first. `offset` is the position they lead "
        "to; while `complete` is false, ask again with `since` set to it. 410: load the snapshot.",
        handler=_changes,
        query=HistoryQuery,
        answers={200: Answer("Entries", Changes)},
        refusals=(404, 410),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/trash",
        tag="Lists",
        summary="The deleted todos of a list",
        description="Like the snapshot, with the deleted todos in place of the live ones.",
        handler=_trash,
        answers={200: Answer("The trash", SnapshotShape, etag=True)},
        refusals=(404,),
    ),
)
