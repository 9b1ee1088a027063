"""Health: is the process alive, can it serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from http_api.answers import Health, Readiness
from http_api.endpoint import Answer, Endpoint
from http_api.reply import reply
from http_api.schema import REVISIONS, schema_revision
from store.errors import LockstepError

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call
    from http_api.services import Services

__all__ = ["ENDPOINTS"]


async def _live(_call: Call) -> Response:
    return reply({"status": "live"})


_NOT_READY = "Starting, stopping, cut off, or overloaded."


async def _ready(call: Call) -> Response:
    checks = {
        **await _database(call.services),
        "replica": "ok" if call.services.replica.ready else _NOT_READY,
    }
    ready = all(found == "ok" for found in checks.values())
    return reply(
        {"status": "ready" if ready else "not_ready", "checks": checks},
        status=200 if ready else 503,
    )


async def _database(services: Services) -> dict[str, str]:
    try:
        revision = await schema_revision(services.store)
    except LockstepError:
        return {"database": "Does not answer.", "migrations": "Unknown."}
    if REVISIONS.suffices(revision):
        return {"database": "ok", "migrations": "ok"}
    return {
        "database": "ok",
        "migrations": f"At {revision}, needs {REVISIONS.needed}: run lockstep migrate.",
    }


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/health/live",
        tag="Health",
        summary="Whether the process lives",
        handler=_live,
        answers={200: Answer("It does", Health)},
        public=True,
    ),
    Endpoint(
        method="GET",
        path="/health/ready",
        tag="Health",
        summary="Whether this replica can serve",
        handler=_ready,
        answers={200: Answer("It can", Readiness), 503: Answer("It cannot; see why", Readiness)},
        public=True,
    ),
)
