"""The page at ``/`` and the files it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from http_api.endpoint import Answer, Endpoint
from http_api.static_files import StaticFiles

if TYPE_CHECKING:
    from starlette.responses import Response

    from http_api.call import Call

__all__ = ["ENDPOINTS"]

_FILES: Final = StaticFiles(Path(__file__).parent.parent / "web")


async def _page(call: Call) -> Response:
    return _FILES.answer(call.request, "index.html")


async def _file(call: Call) -> Response:
    return _FILES.answer(call.request, call.path_text("path"))


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/",
        tag="Page",
        summary="The web page",
        handler=_page,
        answers={200: Answer("HTML", media_type="text/html", etag=True)},
        public=True,
    ),
    Endpoint(
        method="GET",
        path="/static/{path:path}",
        tag="Page",
        summary="A file of the web page",
        handler=_file,
        answers={200: Answer("The file", media_type="application/octet-stream", etag=True)},
        refusals=(404,),
        public=True,
    ),
)
