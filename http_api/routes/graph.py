"""What the graph knows: what to do next, what waits for it, who could help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from http_api.endpoint import API, Answer, Endpoint
from http_api.graph_shapes import (
    CriticalPathShape,
    GraphShape,
    ImpactShape,
    PeopleShape,
    RecommendationsShape,
    SuggestionsShape,
)
from http_api.paging import Limit, OffsetNumber, digits
from http_api.reply import reply
from store.graph.critical_path import ASSUMED_MIN, critical_path
from store.graph.excerpt import excerpt
from store.todo.commands import Id, Title
from store.todo.model import todo_json

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call
    from store.graph.advice import Advised
    from store.graph.answers import Dependency, PersonHint, Reason

__all__ = ["ENDPOINTS"]

_Few = Annotated[int, BeforeValidator(digits), Field(ge=1, le=100)]
_HINTS: Final = 5
# From so many todos on an answer is written beside the loop: ten thousand take a third of a second.
_LARGE: Final = 1_000
# A picture with more lines than this is none; a todo may wait for a hundred others.
_EDGES_A_NODE: Final = 10


class NextQuery(BaseModel):
    """Say how many."""

    model_config = ConfigDict(extra="forbid")

    limit: _Few = 20


class ReachedQuery(BaseModel):
    """Wait until the graph has the list up to an offset, such as the answer to one's own write."""

    model_config = ConfigDict(extra="forbid")

    min_offset: OffsetNumber = 0


class ImpactQuery(ReachedQuery):
    """Say how many of those that wait are to be shown."""

    limit: Limit = 100


class DrawnQuery(ReachedQuery):
    """Say how many todos are to be shown."""

    limit: Limit = 500


class PeopleQuery(ReachedQuery):
    """Name the list."""

    list: Id
    limit: _Few = 10


class SuggestionsQuery(ReachedQuery):
    """Say what is about to be added."""

    title: Title


async def _next(call: Call) -> Response:
    query = call.query(NextQuery)

    async def answer() -> bytes:
        said = await call.services.advisor.recommend(call.actor, query.limit)
        return _json(
            {
                "items": [
                    {
                        "todo": todo_json(one.todo),
                        "score": one.score,
                        "reasons": _reasons(one.reasons),
                    }
                    for one in said.value.items
                ],
                "lists": [
                    {"id": str(list_id), "offset": offset}
                    for list_id, offset in sorted(said.value.offsets.items())
                ],
                "stale": said.stale,
            }
        )

    return await _shared(call, ("next", query.limit), answer)


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"kind": one.kind, "points": one.points, "facts": dict(one.facts)} for one in reasons]


def _as_of(call: Call, said: Advised[Any], offset: int) -> dict[str, Any]:
    return {"epoch": call.services.store.epoch, "offset": offset, "stale": said.stale}


def _json(value: Any) -> bytes:
    return orjson.dumps(value)


async def _shared(
    call: Call, question: Hashable, answer: Callable[[], Awaitable[bytes]]
) -> Response:
    """Answer, once for all who ask the same in the caller's name at the same time."""
    return reply(await call.services.advisor.share(call.actor, question, answer))


async def _written(todos: int, write: Callable[[], dict[str, Any]]) -> bytes:
    """Give what ``write`` makes of so many todos, as JSON; it may run on another thread."""
    if todos < _LARGE:
        return _json(write())
    return await asyncio.to_thread(lambda: _json(write()))


async def _impact(call: Call) -> Response:
    query = call.query(ImpactQuery)
    todo_id = call.path_id("todo_id")
    advisor = call.services.advisor
    await advisor.reach(call.actor, query.min_offset, todo_id=todo_id)

    async def answer() -> bytes:
        said = await advisor.impact(call.actor, todo_id, query.limit, min_offset=query.min_offset)
        found = said.value

        def write() -> dict[str, Any]:
            people: dict[str, list[str]] = {}
            for one in found.waiting:
                for name in one.todo.assignees or (one.todo.created_by.username,):
                    people.setdefault(name, []).append(str(one.todo.id))
            return {
                "todo_id": str(todo_id),
                "list_id": str(found.list_id),
                "waiting": [
                    {"todo": todo_json(one.todo), "steps": one.steps} for one in found.waiting
                ],
                "people": [
                    {"username": name, "todos": ids} for name, ids in sorted(people.items())
                ],
                "total": found.total,
                "truncated": found.total > len(found.waiting),
                **_as_of(call, said, found.offset),
            }

        return await _written(len(found.waiting), write)

    return await _shared(call, ("impact", todo_id, query.limit, query.min_offset), answer)


async def _path(call: Call) -> Response:
    query = call.query(DrawnQuery)

    def write(todos: Sequence[Dependency]) -> dict[str, Any]:
        path = critical_path(todos)
        return {
            "minutes": path.minutes,
            "todos": [
                {
                    "id": str(step.todo.todo_id),
                    "title": step.todo.title,
                    "estimate_min": step.todo.estimate_min,
                    "starts_min": step.starts_min,
                }
                for step in path.steps[: query.limit]
            ],
            "total": len(path.steps),
            "truncated": len(path.steps) > query.limit,
            "assumed_min": ASSUMED_MIN,
            "assumed": path.assumed,
        }

    return await _of_dependencies(call, "path", query, write)


async def _graph(call: Call) -> Response:
    query = call.query(DrawnQuery)

    def write(todos: Sequence[Dependency]) -> dict[str, Any]:
        still_open = {one.todo_id for one in todos if not one.completed}
        drawn = excerpt(todos, query.limit, query.limit * _EDGES_A_NODE)

        def is_ready(one: Dependency) -> bool:
            return not one.completed and still_open.isdisjoint(one.waits_for)

        return {
            "nodes": [
                {
                    "id": str(one.todo_id),
                    "title": one.title,
                    "completed": one.completed,
                    "ready": is_ready(one),
                }
                for one in drawn.todos
            ],
            "edges": [{"from": str(one), "to": str(other)} for one, other in drawn.edges],
            "total": len(todos),
            "truncated": not drawn.whole,
        }

    return await _of_dependencies(call, "graph", query, write)


async def _of_dependencies(
    call: Call,
    name: str,
    query: DrawnQuery,
    write: Callable[[Sequence[Dependency]], dict[str, Any]],
) -> Response:
    """Answer with what ``write`` makes of a list's dependencies."""
    list_id = call.path_id("list_id")
    advisor = call.services.advisor
    await advisor.reach(call.actor, query.min_offset, list_id=list_id)

    async def answer() -> bytes:
        said = await advisor.dependencies(call.actor, list_id, min_offset=query.min_offset)
        found = said.value
        alone = {"alone": found.alone} if name == "graph" else {}
        return await _written(
            len(found.todos),
            lambda: {**write(found.todos), **alone, **_as_of(call, said, found.offset)},
        )

    return await _shared(call, (name, list_id, query.limit, query.min_offset), answer)


async def _people(call: Call) -> Response:
    query = call.query(PeopleQuery)
    advisor = call.services.advisor
    await advisor.reach(call.actor, query.min_offset, list_id=query.list)

    def shown(hints: Iterable[PersonHint]) -> list[dict[str, Any]]:
        return [
            {"username": one.username, "score": one.score, "reasons": _reasons(one.reasons)}
            for one in hints
        ]

    async def answer() -> bytes:
        said = await advisor.people(
            call.actor, query.list, query.limit, min_offset=query.min_offset
        )
        return _json(
            {
                "invite": shown(said.value.invite),
                "assign": shown(said.value.assign),
                **_as_of(call, said, said.value.offset),
            }
        )

    return await _shared(call, ("people", query.list, query.limit, query.min_offset), answer)


async def _suggestions(call: Call) -> Response:
    query = call.query(SuggestionsQuery)
    list_id = call.path_id("list_id")
    advisor = call.services.advisor
    await advisor.reach(call.actor, query.min_offset, list_id=list_id)

    async def answer() -> bytes:
        said = await advisor.hints(
            call.actor, list_id, query.title, _HINTS, min_offset=query.min_offset
        )
        labels = [{"label": one.label, "count": one.count} for one in said.value.labels]
        together = [{"title": one.title, "count": one.count} for one in said.value.together]
        return _json(
            {"labels": labels, "together": together, **_as_of(call, said, said.value.offset)}
        )

    return await _shared(call, ("suggestions", list_id, query.title, query.min_offset), answer)


_BEHIND: Final = (
    "The graph follows the lists within moments; `offset` says how far it was. With `min_offset` "
    "the answer waits up to 2 s for it. 503 `graph_unavailable` while the graph is away or being "
    "filled and there is no earlier answer; 429 when more than four other questions of mine are "
    "under way for long."
)

ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=f"{API}/recommendations",
        tag="Graph",
        summary="What to do next",
        description="Todos that wait for nothing, over all lists where I may complete them, except "
        "those assigned to others only. Each with its reasons: when it is due, its priority, what "
        "and whom it would unblock, whether it is assigned to me, its age. " + _BEHIND,
        handler=_next,
        query=NextQuery,
        answers={200: Answer("Recommendations, best first", RecommendationsShape)},
        refusals=(429, 503),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/todos/{{todo_id}}/impact",
        tag="Graph",
        summary="What waits for a todo",
        description="Directly and through others, by todo and by person, nearest first; at most "
        "`limit`, and `truncated` says whether there are more. " + _BEHIND,
        handler=_impact,
        query=ImpactQuery,
        answers={200: Answer("What waits, nearest first", ImpactShape)},
        refusals=(404, 429, 503),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/critical-path",
        tag="Graph",
        summary="The chain that takes longest",
        description="By the todos' estimates, along what they wait for; of a longer chain the "
        "first `limit`, and `truncated`. " + _BEHIND,
        handler=_path,
        query=DrawnQuery,
        answers={200: Answer("The critical path", CriticalPathShape)},
        refusals=(404, 429, 503),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/graph",
        tag="Graph",
        summary="A list's dependencies, for drawing",
        description="At most `limit` todos, and ten times as many dependencies between them; where "
        "there are more, `truncated`: first what can be done now, then step by step what waits for "
        "it, then what is done. " + _BEHIND,
        handler=_graph,
        query=DrawnQuery,
        answers={200: Answer("Nodes and edges", GraphShape)},
        refusals=(404, 429, 503),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/lists/{{list_id}}/suggestions",
        tag="Graph",
        summary="Labels and companions for a title",
        description="Labels that similar todos of mine carry, and what is often added to this list "
        "along with them. " + _BEHIND,
        handler=_suggestions,
        query=SuggestionsQuery,
        answers={200: Answer("Suggestions, most frequent first", SuggestionsShape)},
        refusals=(404, 429, 503),
    ),
    Endpoint(
        method="GET",
        path=f"{API}/people/suggestions",
        tag="Graph",
        summary="Whom to invite or to assign",
        description="People who share lists with me, and members who do such things. " + _BEHIND,
        handler=_people,
        query=PeopleQuery,
        answers={200: Answer("People, best first", PeopleShape)},
        refusals=(404, 429, 503),
    ),
)
