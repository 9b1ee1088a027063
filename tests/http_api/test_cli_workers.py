"""Several processes on one port."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import psutil
import pytest

from http_api.cli.failure import Failure
from http_api.cli.server import uvicorn_config
from http_api.cli.workers import run_workers
from http_api.settings import load_settings
from tests.http_api.test_metrics import Samples, read, value
from tests.servers.deadline import eventually
from tests.servers.ports import free_port, is_listening
from tests.servers.process import Process
from tests.servers.replica import SECRET_KEY, environment, lockstep
from tests.servers.run import Run


async def _ask(port: int) -> Samples:
    """Ask whichever process takes the connection."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return read((await http.get(f"http://127.0.0.1:{port}/metrics")).text)


def _workers(samples: Samples) -> set[str]:
    return {dict(labels)["worker"] for _, labels in samples}


def _began(samples: Samples) -> dict[str, float]:
    """Tell when each process started."""
    name = "process_start_time_seconds"
    return {one: value(samples, name, worker=one) for one in sorted(_workers(samples))}


def _all_new(began: dict[str, float], before: set[float]) -> bool:
    """Tell whether all of these processes are new."""
    return before.isdisjoint(began.values())


@pytest.mark.timeout(300)
async def test_any_process_tells_of_all_and_takes_nothing_back(
    run: Run, postgresql_url: str, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    """Figures only grow, whoever answers; a process that died is gone, and its place taken.

    So it is when SIGHUP replaces one after the other.
    """
    port = free_port()
    shared = tmp_path / "tmp"
    shared.mkdir()
    process = Process(
        run,
        "workers-metrics",
        [lockstep(), "serve", "--workers", "2"],
        env=environment(
            DATABASE_URL=postgresql_url,
            REDIS_URL=redis_url,
            NAMESPACE=namespace,
            SECRET_KEY=SECRET_KEY,
            PORT=str(port),
        )
        | {"TMPDIR": str(shared)},
        cwd=tmp_path,
    )
    try:
        process.wait_until_ready(lambda: is_listening(port), within_s=60)

        async def both() -> bool:
            return _workers(await _ask(port)) == {"0", "1"}

        await eventually(both, "both processes", within_s=60)
        [directory] = shared.iterdir()
        assert directory.stat().st_mode & 0o777 == 0o700
        last: Samples = {}
        for _ in range(20):
            now = await _ask(port)
            for key, before in last.items():
                if key[0].endswith(("_total", "_bucket", "_count", "_sum")):
                    assert now[key] >= before, key
            last = now
        asked = {"method": "GET", "route": "/metrics", "status": "200"}
        counted = [value(last, "http_requests_total", worker=one, **asked) for one in "01"]
        assert sum(counted) >= 19
        began = _began(last)
        children = psutil.Process(process.pid).children()
        victim = next(one for one in children if "spawn_main" in " ".join(one.cmdline()))
        os.kill(victim.pid, signal.SIGKILL)

        async def replaced() -> bool:
            try:
                now = _began(await _ask(port))
            except httpx.HTTPError:
                return False  # it had just taken this connection
            changed = [one for one in now if now[one] != began.get(one)]
            return now.keys() == {"0", "1"} and len(changed) == 1

        await eventually(replaced, "another process in its place", within_s=60)
        before_all = set(_began(await _ask(port)).values())
        os.kill(process.pid, signal.SIGHUP)

        async def renewed() -> bool:
            try:
                now = _began(await _ask(port))
            except httpx.HTTPError:
                return False
            return len(now) == 2 and now.keys() < {"0", "1", "2"} and _all_new(now, before_all)

        await eventually(renewed, "both processes replaced", within_s=90)
        assert process.stop() == 0
        assert list(shared.iterdir()) == []
    finally:
        process.kill()


def test_a_machine_without_a_directory_to_share_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, before any process is started."""

    def nowhere(**_: str) -> None:
        raise FileNotFoundError(2, "No usable temporary directory")

    monkeypatch.setattr("tempfile.TemporaryDirectory", nowhere)
    with pytest.raises(Failure, match="set TMPDIR"):
        run_workers(uvicorn_config(load_settings()), [])
