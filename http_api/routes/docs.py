"""The reference: the OpenAPI and AsyncAPI documents, and a page made of the former."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from http_api.asyncapi import asyncapi_document
from http_api.endpoint import Answer, Endpoint
from http_api.openapi import openapi_document
from http_api.reference_page import reference_page
from http_api.reply import matches

if TYPE_CHECKING:
    from http_api.call import Call

__all__ = ["reference_endpoints"]

_STYLE = Path(__file__).parent.parent / "reference" / "reference.css"


def reference_endpoints(others: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Make the endpoints that describe ``others`` and themselves."""
    made: dict[str, bytes] = {}

    def document() -> bytes:
        if "document" not in made:
            described = openapi_document((*others, *endpoints))
            made["document"] = orjson.dumps(described)
            made["page"] = reference_page(described).encode()
        return made["document"]

    def page() -> bytes:
        document()
        return made["page"]

    endpoints = (
        Endpoint(
            method="GET",
            path="/openapi.json",
            tag="Reference",
            summary="This reference as an OpenAPI 3.1 document",
            handler=_fixed(document, "application/json"),
            answers={200: Answer("OpenAPI", media_type="application/json", etag=True)},
            public=True,
        ),
        Endpoint(
            method="GET",
            path="/asyncapi.json",
            tag="Reference",
            summary="The socket as an AsyncAPI 3.0 document",
            handler=_fixed(lambda: orjson.dumps(asyncapi_document()), "application/json"),
            answers={200: Answer("AsyncAPI", media_type="application/json", etag=True)},
            public=True,
        ),
        Endpoint(
            method="GET",
            path="/docs",
            tag="Reference",
            summary="This reference as a page",
            handler=_fixed(page, "text/html; charset=utf-8"),
            answers={200: Answer("HTML", media_type="text/html", etag=True)},
            public=True,
        ),
        Endpoint(
            method="GET",
            path="/docs/reference.css",
            tag="Reference",
            summary="The look of that page",
            handler=_fixed(_STYLE.read_bytes, "text/css; charset=utf-8"),
            answers={200: Answer("CSS", media_type="text/css", etag=True)},
            public=True,
        ),
    )
    return endpoints


def _fixed(body: Callable[[], bytes], media_type: str) -> Callable[[Call], Awaitable[Response]]:
    """Answer with what does not change while the process lives, made on first use."""
    kept: list[tuple[bytes, str]] = []

    async def handle(call: Call) -> Response:
        if not kept:
            content = body()
            kept.append((content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'))
        content, etag = kept[0]
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if matches(call.request, etag):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return handle
