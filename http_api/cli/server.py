"""Run the ASGI app under uvicorn, with limits spelled out and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import structlog
import uvicorn

from http_api.cli.failure import REFUSAL, Failure

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from http_api.settings import Settings
    from http_api.worker_pages import WorkerPages

__all__ = ["STOP_WITHIN_S", "DrainingServer", "uvicorn_config"]

STOP_WITHIN_S = 20
"""Seconds from SIGTERM to the end of the process, whatever clients do."""

DRAIN_WITHIN_S = 10
"""Seconds of these that saying goodbye to the sockets may take; HTTP gets what is left."""

# Python looks for circles of dead objects after so many new containers; of its default 700, most
# are only waiting for their commit. 50,000 took 9-30 % off the processor time of a write, and
# brought the slowest hundredth of writes over 50 lists from 150 ms to 30 ms.
_GC_AFTER = 50_000

_SOURCES = Path(__file__).parents[2]
_PACKAGES = ("store", "realtime", "http_api")

log = structlog.get_logger("lockstep.serve")


def uvicorn_config(settings: Settings, *, reload: bool = False) -> uvicorn.Config:
    """Name every option that our promises rest on, whatever uvicorn's defaults become.

    The app is built in the process that serves it, from these settings.
    """
    config = uvicorn.Config(
        functools.partial(_build_app, settings),
        factory=True,
        host=settings.host,
        port=settings.port,
        uds=None if settings.uds is None else str(settings.uds),
        workers=settings.workers,
        reload=reload,
        loop="uvloop",
        # For sockets their own; else uvicorn's, with problems for refusals.
        http="http_api.doorstep:Doorstep",
        # For handshakes at other doors, which the app refuses; the socket goes no way by ASGI.
        ws="websockets-sansio",
        ws_max_size=262_144,  # the largest message of the protocol
        # Compression costs 50 KiB a socket, and a publication could no longer be the same bytes
        # for everyone.
        ws_per_message_deflate=False,
        # The protocol's own ping, every 25 s, checks both directions.
        ws_ping_interval=None,
        ws_ping_timeout=None,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # X-Forwarded-* counts from known proxies only; who can open the Unix socket is one.
        proxy_headers=True,
        forwarded_allow_ips="*" if settings.uds is not None else settings.trusted_proxies,
        # limit_concurrency stays unset: it would count sockets but answer 503 to plain HTTP.
        limit_concurrency=None,
        # Longer than the proxy keeps its idle connections, or it meets closed ones: random 502.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    if reload:
        # uvicorn fills this in only for apps that it imports by name, and else watches nothing.
        config.reload_dirs = [_SOURCES / name for name in _PACKAGES]
    return config


def _build_app(settings: Settings, pages: WorkerPages | None = None) -> ASGIApp:
    """Import and build the app; a function of the module, so that it travels to other processes."""
    from http_api.app import create_app
    from http_api.cli.startup import SpokenStart

    app = SpokenStart(create_app(settings, pages))
    gc.collect()
    gc.freeze()  # what the process lives with need not be looked through again
    gc.set_threshold(_GC_AFTER, 20, 100)
    return app


class DrainingServer(uvicorn.Server):
    """Serve until SIGTERM or SIGINT, drain the replica, then let uvicorn end.

    uvicorn itself closes every WebSocket in one loop before the lifespan learns of the end, which
    sends all clients back at the same moment. So the app puts ``drain`` (an async function) into
    its lifespan state, and it runs first. From the signal to the end of the process pass at most
    STOP_WITHIN_S seconds; a second SIGINT ends at once. The exit status after a signal is 0.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._announce = announce
        self._starting: asyncio.Task[None] | None = None
        self._gave_up = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then announce it; a signal meanwhile ends it without either.

        Raises Failure with the sentence of a start that the app refused.
        """
        if self.should_exit:
            return
        task = self._starting = asyncio.current_task()
        try:
            await super().startup(sockets=sockets)
        except asyncio.CancelledError:
            if not self._gave_up or task is None or task.uncancel():
                raise
            return
        except SystemExit:
            refusal = self.lifespan.state.get(REFUSAL)
            if refusal is None:
                raise
            raise Failure(refusal) from None
        finally:
            self._starting = None
        if self.started and self._announce is not None:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close what is left; never raises TimeoutError."""
        end = time.monotonic() + STOP_WITHIN_S
        await self._drain()
        # uvicorn takes whole seconds here; one is kept for the lifespan's end.
        self.config.timeout_graceful_shutdown = max(1, int(end - time.monotonic()) - 1)
        try:
            async with asyncio.timeout(max(1.0, end - time.monotonic())):
                await super().shutdown(sockets=sockets)
        except TimeoutError:
            log.warning("stopped_late", after_s=STOP_WITHIN_S)

    async def _drain(self) -> None:
        """Run the app's drain; its failure or slowness must not keep the process alive."""
        drain: Callable[[], Awaitable[None]] | None = self.lifespan.state.get("drain")
        if drain is None or self.force_exit:
            return
        try:
            async with asyncio.timeout(DRAIN_WITHIN_S):
                await drain()
        except TimeoutError:
            log.warning("drain_cut_short", after_s=DRAIN_WITHIN_S)
        except Exception:
            log.exception("drain_failed")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end at the first signal; a second SIGINT skips the waiting.

        Unlike uvicorn's, this does not raise the signal again afterwards: an orderly end is
        status 0. During the start, which may wait half a minute for a database, it is over at once.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
        if self._starting is not None:
            self._starting.get_loop().call_soon_threadsafe(self._give_up_start)

    def _give_up_start(self) -> None:
        """Cancel the start if it is still under way, and nothing that comes after it."""
        if self._starting is not None:
            self._gave_up = True
            self._starting.cancel()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the bound ``sockets`` until a signal ends it."""
        with contextlib.suppress(KeyboardInterrupt):
            super().run(sockets=sockets)
