"""`lockstep serve` as a process."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.servers.deadline import eventually
from tests.servers.person import Person
from tests.servers.ports import free_port, is_listening
from tests.servers.process import Process
from tests.servers.replica import SECRET_KEY, Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.terminal import Terminal


async def test_the_second_start_is_ready_within_two_seconds(replica: Replica) -> None:
    """A restart is over before anybody reloads a page."""
    assert await replica.stop() == 0
    await replica.launch()
    # In processor time, since the tests share their cores with each other and with whatever runs
    # beside them; twice the promise, since a core that is shared is a slower one, too.
    took = psutil.Process(replica._process.pid).cpu_times()
    assert took.user + took.system < 4.0


async def test_where_it_listens_is_one_structured_line(replica: Replica) -> None:
    """Away from a terminal, everything it writes is JSON, one event a line."""
    lines = [json.loads(line) for line in replica.log().splitlines() if line.startswith("{")]
    [listening] = [line for line in lines if line["event"] == "listening"]
    assert listening["address"] == replica.origin


def test_a_taken_port_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    """Status 1, at once, before a database is made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [lockstep(), "serve", "--port", str(port)],
            env=environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 1
    assert f"port {port} on 127.0.0.1 is in use" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "can keep none ("),
        ({"SECRET_KEY": SECRET_KEY}, "lockstep.db cannot be opened ("),
    ],
)
def test_a_data_directory_that_is_none_ends_the_start_with_a_sentence(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    """Status 1, with the setting to mend; no stack trace."""
    (tmp_path / "file").write_text("no directory")
    ended = subprocess.run(
        [lockstep(), "serve", "--port", "0"],
        env=environment(DATA_DIR=str(tmp_path / "file"), **settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "LOCKSTEP_DATA_DIR" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "run `lockstep migrate`"), ("-no-such", 'database "{name}" does not exist')],
)
def test_a_database_that_does_not_fit_ends_the_start_with_what_to_do(
    name: str, said: str, empty_postgresql_url: str, tmp_path: Path
) -> None:
    """One without a schema is to be migrated; one that lets nobody in would not be helped by it."""
    url = f"{empty_postgresql_url}{name}"
    ended = subprocess.run(
        [lockstep(), "serve", "--port", "0"],
        env=environment(DATABASE_URL=url, SECRET_KEY=SECRET_KEY),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert said.format(name=url.rpartition("/")[2]) in last
    assert ("migrate" in last) == (not name)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_wait_for_the_database_ends_with_a_signal(run: Run, tmp_path: Path, command: str) -> None:
    """Whoever named the wrong database need not sit out the half minute it may take to start."""
    process = Process(
        run,
        f"waiting-{command}",
        [lockstep(), command],
        env=environment(
            DATABASE_URL=f"postgresql://nobody:unused@127.0.0.1:{free_port()}/nothing",
            SECRET_KEY=SECRET_KEY,
            PORT="0",
        ),
        cwd=tmp_path,
    )
    process.wait_until_ready(lambda: "waiting_for_database" in process.log(), within_s=60)
    assert process.stop() == 0
    assert "does not answer" not in process.log()
    assert "Traceback" not in process.log()


async def test_a_terminal_is_greeted_with_what_to_try(run: Run, tmp_path: Path) -> None:
    """The address, commands that work as printed, and the way out; Ctrl-C ends it with 0."""
    terminal = Terminal(run, [lockstep(), "serve", "--port", "0"], env=environment(), cwd=tmp_path)
    try:
        await eventually(lambda: "Ctrl-C" in terminal.shown, "the greeting")
        shown = terminal.shown.replace("\r", "")
        assert "lockstep watch Inbox --user ann --server http://127.0.0.1:" in shown
        printed = shown[shown.index("curl") : shown.index("lockstep watch")]
        done = subprocess.run(  # noqa: ASYNC221 - a moment
            ["/bin/sh", "-c", printed], capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["username"] == "ann"
        assert terminal.interrupt(timeout_s=20) == 0
        assert "Traceback" not in terminal.shown
    finally:
        terminal.close()


def test_a_unix_socket_serves_and_is_removed(run: Run, tmp_path: Path) -> None:
    """Behind a proxy one process listens on a path; the path is gone when it is."""
    path = tmp_path / "s"
    process = Process(
        run, "uds", [lockstep(), "serve", "--uds", path], env=environment(), cwd=tmp_path
    )
    try:
        process.wait_until_ready(lambda: path.exists() and _answers(path))
        assert process.stop() == 0
        assert not path.exists()
    finally:
        process.kill()


def _answers(path: Path) -> bool:
    """Ask over the Unix socket whether the process lives."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        try:
            client.connect(str(path))
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False


async def _close_code(connection: ClientConnection) -> int | None:
    """Read what comes until the server closes; give its code, None for a torn connection."""
    try:
        while True:
            await connection.recv()
    except ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


async def test_a_stop_tells_sockets_to_come_back(replica: Replica) -> None:
    """SIGTERM closes them with 3001, not with a torn connection, and the process ends with 0."""
    ann = await Person.register(replica)
    async with connect(replica.websocket, proxy=None) as socket_:
        await socket_.send(json.dumps({"id": 1, "connect": {"token": ann.access_token}}))
        assert "connect" in json.loads(await socket_.recv())
        began = time.monotonic()
        replica._process._popen.terminate()
        assert await _close_code(socket_) == 3001
    assert await replica.stop() == 0
    assert time.monotonic() - began < 20


async def test_two_processes_share_a_port_and_both_drain(
    run: Run, postgresql_url: str, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    """--workers: one address, a list in step across both, and 3001 from each at the end."""
    port = free_port()
    settings = {
        "DATABASE_URL": postgresql_url,
        "REDIS_URL": redis_url,
        "NAMESPACE": namespace,
        "SECRET_KEY": SECRET_KEY,
        "PORT": str(port),
    }
    process = Process(
        run,
        "workers",
        [lockstep(), "serve", "--workers", "2"],
        env=environment(**settings),
        cwd=tmp_path,
    )
    try:
        process.wait_until_ready(lambda: is_listening(port))
        replica = Replica(run, settings, tmp_path, port)
        await eventually(replica.is_ready, "ready", within_s=30)
        ann = await Person.register(replica)
        sockets = [await connect(replica.websocket, proxy=None) for _ in range(8)]
        for one in sockets:
            await one.send(json.dumps({"id": 1, "connect": {"token": ann.access_token}}))
            assert "connect" in json.loads(await one.recv())
        process._popen.terminate()
        for one in sockets:
            assert await _close_code(one) == 3001
        assert process.stop() == 0
    finally:
        process.kill()
