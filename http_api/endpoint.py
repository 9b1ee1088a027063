"""Describe a route completely, once: the app serves it and the OpenAPI document tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["API", "Answer", "Endpoint", "names_id"]

API = "/api/v1"


def names_id(parameter: str) -> bool:
    """Tell whether a path parameter of this name is an id: what is no UUID there names nothing."""
    return parameter.endswith("_id") or parameter == "by"


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell of one successful answer.

    ``model`` describes its JSON body; ``media_type`` is that of a body that is not JSON; neither:
    no body. ``etag``: it carries an ETag.
    """

    description: str
    model: type[BaseModel] | None = None
    media_type: str | None = None
    etag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Tie a method and a path to its handler, and say what goes in and what comes out.

    ``path`` has its parameters in braces. ``body`` is the model of the JSON (or form) body, None
    when none is read. ``query`` is the model of the query parameters, None when none are allowed.
    ``answers`` maps each successful status; ``refusals`` lists further statuses than those every
    route may answer. ``public``: no access token is asked for. ``write``: takes part in the change
    log, so ``Idempotency-Key`` applies; ``conditional``: If-Match applies.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    tag: str
    summary: str
    handler: Callable[[Call], Awaitable[Response]]
    description: str = ""
    body: type[BaseModel] | None = None
    body_type: str = "application/json"
    query: type[BaseModel] | None = None
    answers: Mapping[int, Answer] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    public: bool = False
    write: bool = False
    conditional: bool = False
