"""Find todos over all my lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from http_api.answers import TodoPage
from http_api.call import parse_uuid
from http_api.endpoint import API, Answer, Endpoint
from http_api.paging import Limit
from http_api.reply import reply
from store.errors import Invalid
from store.todo.commands import Id, Instant, Label, Username
from store.todo.model import Todo, todo_json
from store.todo_search import TodoSearch

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS", "cursor_of", "parse_cursor"]

_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)


class TodosQuery(BaseModel):
    """Narrow the search; absent means any."""

    model_config = ConfigDict(extra="forbid")

    list: Id | None = None
    completed: Literal["true", "false"] | None = None
    assignee: Username | None = None
    label: Label | None = None
    due_before: Instant | None = None
    ready: Literal["true", "false"] | None = None
    q: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    limit: Limit = 100
    cursor: Annotated[str, Field(max_length=64)] | None = None


def cursor_of(todo: Todo) -> str:
    """Name the place behind a todo; it is no secret, and leads only to what the asker may see."""
    return f"{(todo.created_at - _BEGIN) // _MICROSECOND}.{todo.id}"


def parse_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Read what cursor_of wrote; raises Invalid for anything else."""
    micros, _, text = cursor.partition(".")
    todo_id = parse_uuid(text)
    known = micros.isascii() and micros.isdecimal() and len(micros) < 19
    if todo_id is None or not known or int(micros) > (_LAST - _BEGIN) // _MICROSECOND:
        raise Invalid([("cursor", "must be the cursor of an answer, as it was")])
    return _BEGIN + int(micros) * _MICROSECOND, todo_id


async def _search(call: Call) -> Response:
    query = call.query(TodosQuery)
    if query.q is not None and "\x00" in query.q:
        raise Invalid([("q", "must not contain the character U+0000")])
    found = await call.services.store.search(
        call.actor.id,
        TodoSearch(
            list_id=query.list,
            completed=None if query.completed is None else query.completed == "true",
            assignee=query.assignee,
            label=query.label,
            due_before=query.due_before,
            text=query.q,
            ready=None if query.ready is None else query.ready == "true",
            limit=query.limit + 1,  # one more tells whether there is more
            after=None if query.cursor is None else parse_cursor(query.cursor),
        ),
    )
    shown = found[: query.limit]
    return reply(
        {
            "todos": [todo_json(todo) for todo in shown],
            "cursor": cursor_of(shown[-1]) if len(found) > query.limit else None,
        }
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/todos",
        tag="Todos",
        summary="Search the todos of all my lists",
        description="In order of creation. `q` is looked for in titles and notes, case ignored. "
        "`ready=true`: what can be done now, open and waiting for no open one. "
        "While `cursor` is not null, ask again with it for the next page.",
        handler=_search,
        query=TodosQuery,
        answers={200: Answer("A page of todos", TodoPage)},
        refusals=(404,),
    ),
)
