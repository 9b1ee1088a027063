"""Metrics: what this replica has counted, and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from http_api.endpoint import Answer, Endpoint

if TYPE_CHECKING:
    from http_api.call import Call

__all__ = ["ENDPOINTS"]


async def _metrics(call: Call) -> Response:
    accept = call.request.headers.get("accept", "")
    page, media_type = await call.services.metrics.page(accept)
    return Response(page, media_type=media_type, headers={"Cache-Control": "no-store"})


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/metrics",
        tag="Health",
        summary="What this replica has counted, for Prometheus",
        handler=_metrics,
        description="Text format 0.0.4, or OpenMetrics 1.0 for those who accept that. For the "
        "network inside: Nginx answers 404. docs/metrics.md describes every name.",
        answers={200: Answer("The metrics", media_type="text/plain")},
        public=True,
    ),
)
