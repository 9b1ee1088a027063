"""The server's options and its orderly end, with a small app in place of ours."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.supervisors.statreload import StatReload

from http_api.cli import server as module
from http_api.cli.failure import Failure
from http_api.cli.listener import Listener, bind_address
from http_api.cli.server import DrainingServer, uvicorn_config
from http_api.cli.startup import SpokenStart
from http_api.parts import StartError
from http_api.settings import load_settings

Drain = Callable[[], Awaitable[None]]


class SmallApp:
    """Answer requests once ``gate`` is open, and note in ``seen`` what happens in which order."""

    def __init__(self, drain: Drain | None = None) -> None:
        self.seen: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self._drain = drain

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Speak ASGI."""
        if scope["type"] == "lifespan":
            await receive()
            if self._drain is not None:
                scope["state"]["drain"] = self._drain
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self.seen.append("lifespan over")
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.asked.set()
        await self.gate.wait()
        self.seen.append("answered")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def _serve(app: SmallApp) -> tuple[DrainingServer, Listener, asyncio.Task[None]]:
    """Start a server of the small app; gives it once it listens."""
    listener = bind_address("127.0.0.1", 0)
    listening = asyncio.Event()
    config = uvicorn.Config(app, lifespan="on", log_config=None)
    server = DrainingServer(config, announce=listening.set)
    task = asyncio.create_task(server.serve([listener.socket]))
    await listening.wait()
    return server, listener, task


async def test_the_drain_runs_before_anything_is_closed() -> None:
    """A request under way is answered, and the lifespan ends last."""
    app = SmallApp()
    app.gate.clear()

    async def drain() -> None:
        app.seen.append("drained")
        app.gate.set()

    app._drain = drain
    server, listener, task = await _serve(app)
    async with httpx.AsyncClient(trust_env=False) as http:
        asking = asyncio.create_task(http.get(listener.address))
        await app.asked.wait()
        server.handle_exit(signal.SIGTERM, None)
        assert (await asking).text == "ok"
    await task
    assert app.seen == ["drained", "answered", "lifespan over"]


async def test_a_failing_or_missing_drain_does_not_keep_the_process_alive() -> None:
    """The end comes whatever the app does."""

    async def fail() -> None:
        raise RuntimeError("no")

    for app in (SmallApp(fail), SmallApp()):
        server, _, task = await _serve(app)
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 5)
        assert app.seen == ["lifespan over"]


async def test_a_slow_drain_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain that hangs costs its own time only."""
    monkeypatch.setattr(module, "DRAIN_WITHIN_S", 0.05)
    server, _, task = await _serve(SmallApp(asyncio.Event().wait))  # type: ignore[arg-type]
    server.handle_exit(signal.SIGTERM, None)
    await asyncio.wait_for(task, 5)


async def test_a_request_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends in time although somebody still waits."""
    monkeypatch.setattr(module, "STOP_WITHIN_S", 2)
    app = SmallApp()
    app.gate.clear()
    server, listener, task = await _serve(app)
    async with httpx.AsyncClient(trust_env=False) as http:
        asking = asyncio.create_task(http.get(listener.address, timeout=10))
        await app.asked.wait()
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 5)
        with pytest.raises(httpx.HTTPError):
            (await asking).raise_for_status()


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """Refuse to start, as the app does when its database stays away."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "Traceback ..."})
    raise StartError("The database does not answer; start it.")


async def test_a_refused_start_is_its_sentence(caplog: pytest.LogCaptureFixture) -> None:
    """What the app refuses on purpose reaches the terminal without a stack trace."""
    listener = bind_address("127.0.0.1", 0)
    config = uvicorn.Config(SpokenStart(_refuse), lifespan="on", log_config=None)
    with listener.socket, pytest.raises(Failure, match="does not answer; start it"):
        await DrainingServer(config).serve([listener.socket])
    assert "Traceback" not in caplog.text


async def test_a_signal_ends_a_start_that_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody sits out the half minute that a database may take: it is over, without a word."""
    waiting = asyncio.Event()

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        waiting.set()
        try:
            await asyncio.Event().wait()
        except BaseException:  # as Starlette does
            await send({"type": "lifespan.startup.failed", "message": "Traceback ..."})
            raise

    listener = bind_address("127.0.0.1", 0)
    announced: list[None] = []
    config = uvicorn.Config(SpokenStart(wait), lifespan="on", log_config=None)
    server = DrainingServer(config, announce=lambda: announced.append(None))
    before = asyncio.all_tasks()
    with listener.socket:
        task = asyncio.create_task(server.serve([listener.socket]))
        await waiting.wait()
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 30)
    # What asyncio.run does with what is left.
    left = asyncio.all_tasks() - before
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    assert not announced
    assert "Traceback" not in caplog.text


async def test_a_signal_before_the_start_keeps_it_from_beginning() -> None:
    """While the app is imported a signal counts, too."""
    app = SmallApp()
    listener = bind_address("127.0.0.1", 0)
    server = DrainingServer(uvicorn.Config(app, lifespan="on", log_config=None))
    server.handle_exit(signal.SIGTERM, None)
    with listener.socket:
        await asyncio.wait_for(server.serve([listener.socket]), 30)
    assert not server.started


async def test_a_mistake_at_the_start_keeps_its_stack_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only refusals are sentences; a bug must be found."""

    async def stumble(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "Traceback ..."})
        raise ZeroDivisionError

    listener = bind_address("127.0.0.1", 0)
    config = uvicorn.Config(SpokenStart(stumble), lifespan="on", log_config=None)
    with listener.socket, pytest.raises(SystemExit):
        await DrainingServer(config).serve([listener.socket])
    assert "Traceback" in caplog.text


def test_options_that_promises_rest_on_are_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults of uvicorn may change; these may not."""
    monkeypatch.delenv("LOCKSTEP_UDS", raising=False)
    config = uvicorn_config(load_settings(port=8123))
    assert config.ws == "websockets-sansio"
    assert config.ws_max_size == 262_144
    assert not config.ws_per_message_deflate
    assert config.ws_ping_interval is None
    assert config.timeout_keep_alive == 75
    assert config.timeout_graceful_shutdown == 20
    assert config.limit_concurrency is None
    assert not config.server_header
    assert not config.access_log
    assert config.forwarded_allow_ips == "127.0.0.1,::1"
    assert (config.loop, config.http) == ("uvloop", "http_api.doorstep:Doorstep")


def test_whoever_opens_the_unix_socket_is_the_proxy() -> None:
    """Behind a Unix socket the forwarding headers count, whatever TRUSTED_PROXIES says."""
    assert uvicorn_config(load_settings(uds="/run/x.sock")).forwarded_allow_ips == "*"


def test_reloading_watches_all_of_the_source() -> None:
    """Every module of the three packages, which uvicorn itself would not look at."""
    reloader = StatReload(uvicorn_config(load_settings(), reload=True), lambda _sockets: None, [])
    watched = set(reloader.iter_py_files())
    source = Path(module.__file__).parents[2]
    for package in ("store", "realtime", "http_api"):
        assert set((source / package).rglob("*.py")) <= watched
