"""Put the service together: settings in, ASGI app out. The one place that knows all parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
from starlette.routing import Route, Router, WebSocketRoute

from http_api.boundary import Boundary
from http_api.compressed import Compressed
from http_api.cross_origin import CrossOrigin
from http_api.dispatch import routes_of
from http_api.http_counts import HttpCounts
from http_api.logs import configure_logs
from http_api.parts import open_parts
from http_api.settings import load_settings
from http_api.socket_door import DOOR, SOCKET_PATH, SocketDoor, refuse_socket
from http_api.table import ENDPOINTS
from store.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from http_api.services import Services
    from http_api.settings import Settings
    from http_api.worker_pages import WorkerPages

__all__ = ["Application", "create_app"]


class Application:
    """Be the ASGI app: routes behind the boundary, the socket, and the life of all parts.

    Nothing is opened before the lifespan (or ``running``) begins. ``pages``: where this process and
    others on the same port show each other their metrics; None: it serves alone.
    """

    def __init__(self, settings: Settings, pages: WorkerPages | None = None) -> None:
        self.settings = settings
        self._pages = pages
        self._counts = HttpCounts()
        self._services: Services | None = None
        door = self._door = SocketDoor(self._current)
        self.routes: Final = (
            *routes_of(ENDPOINTS, self._current),
            Route(SOCKET_PATH, door),
            WebSocketRoute(SOCKET_PATH, door),
        )
        router = Router(
            self.routes,
            redirect_slashes=False,
            default=_nothing_here,
            lifespan=self._lifespan,
        )
        self._app: ASGIApp = Boundary(Compressed(router), self._counts)
        if settings.allowed_origins:
            # Outermost, so that the pages of these origins can read refusals, too.
            self._app = CrossOrigin(self._app, settings.allowed_origins, self._counts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the lifespan."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Open every part, bottom up, and close them in reverse, whatever happens."""
        async with open_parts(self.settings, self._counts, self._pages) as services:
            self._services = services
            try:
                yield services
            finally:
                self._services = None

    @asynccontextmanager
    async def _lifespan(self, _app: object) -> AsyncIterator[dict[str, Any]]:
        async with self.running() as services:
            # The server drains the sockets before uvicorn closes them all at once. Requests go on
            # until it has answered them; only then does the replica end, with the other parts.
            yield {"drain": services.replica.drain, DOOR: self._door}

    def _current(self) -> Services:
        if self._services is None:
            raise Unavailable("The service is starting or stopping; try again shortly.")
        return self._services


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await refuse_socket(None, scope, receive, send)
        return
    raise NotFound


def create_app(settings: Settings | None = None, pages: WorkerPages | None = None) -> Application:
    """Make the app of this process; the factory that uvicorn is given.

    ``settings`` None: read from the environment. ``pages``: see Application. Raises SettingsError.
    """
    settings = settings or load_settings()
    configure_logs(settings.log_level, settings.log_format)
    log = structlog.get_logger("lockstep.start")
    for warning in settings.warnings:
        log.warning("setting", says=warning)
    return Application(settings, pages)
