"""What every Python peer sends, and how it is told to."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

BYTES = 240

Change = dict[str, Any]


def change(offset: int, around: int = 0) -> Change:
    """Make a change whose JSON, with ``around`` bytes around it, has 240 bytes."""
    bare = len(encode({"text": "", "offset": offset}))
    return {"text": "x" * (BYTES - around - bare), "offset": offset}


def encode(value: Any) -> str:
    """Write JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def application(publish: Callable[[int], Awaitable[None]], *others: BaseRoute) -> Starlette:
    """Make the application: ``POST /publish?count=N`` awaits ``publish(offset)`` N times.

    It answers with the nanoseconds since 1970 just before, by offset.
    """
    last = 0

    async def publish_some(request: Request) -> Response:
        nonlocal last
        moments = {}
        for _ in range(int(request.query_params["count"])):
            last += 1
            moments[last] = time.time_ns()
            await publish(last)
        return JSONResponse(moments)

    async def collect(_request: Request) -> Response:
        gc.collect()
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/publish", publish_some, methods=["POST"]),
            Route("/collect", collect, methods=["POST"]),
            *others,
        ]
    )
