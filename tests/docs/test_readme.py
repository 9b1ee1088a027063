"""The README does what it says: its commands and programs run against a fresh replica."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks, page
from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.missing import program
from tests.servers.person import Person
from tests.servers.ports import free_port, is_listening
from tests.servers.process import Process
from tests.servers.replica import Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.terminal import Terminal

README = page("README.md")
SHELL = blocks(README, "sh")
ADDRESS = "http://127.0.0.1:8000"


@contextlib.contextmanager
def _shell(cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a shell that keeps its variables between blocks, as a reader's terminal does."""
    shell = subprocess.Popen(
        ["/bin/sh", "-eu"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=environment(),
        start_new_session=True,
    )
    try:
        yield shell
    finally:
        shell.kill()
        shell.communicate()


def _paste(shell: subprocess.Popen[str], text: str) -> str:
    """Paste a block and give what it printed."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{text}\necho; echo PASTED\n")
    shell.stdin.flush()
    printed = ""
    for line in shell.stdout:
        if line == "PASTED\n":
            return printed
        printed += line
    raise AssertionError(f"the shell ended:\n{printed}")


@pytest.fixture
async def fresh(start_replica: StartReplica) -> Replica:
    """Give a replica with the README's ``.venv`` in its working directory."""
    replica = await start_replica()
    (replica.directory / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return replica


async def test_a_live_list_in_a_minute(fresh: Replica, run: Run) -> None:
    """Pasted one after the other, the blocks make a list, watch it and show the new todo live."""
    program("curl", package="curl")
    make, watch, add, what_next = (block.replace(ADDRESS, fresh.origin) for block in SHELL[:4])
    password = re.findall(r'"password": "([^"]+)"', make)[1]
    with _shell(fresh.directory) as shell:
        printed = _paste(shell, make)
        assert printed.count('"username"') >= 3, printed
        assert "problem" not in printed
        argv = ["/bin/sh", "-c", f"exec {watch}"]
        # `watch` remembers what was seen in the home directory; the reader's own stays as it is.
        env = environment() | {"HOME": str(fresh.directory)}
        terminal = Terminal(run, argv, env=env, cwd=fresh.directory)
        try:
            await eventually(lambda: not terminal.echoes, "the question for the password")
            terminal.type(f"{password}\n")
            await eventually(lambda: "● live" in terminal.shown, "the live list")
            assert '"title":"milk"' in _paste(shell, add)
            await eventually(lambda: "ann added “milk”" in terminal.shown, "the new todo")
            assert '"items":[{"todo":{' in _paste(shell, what_next)
            assert terminal.interrupt() == 0
            assert "Left Groceries after offset" in terminal.shown
        finally:
            terminal.close()


@pytest.mark.parametrize("language", ["python", "js"])
async def test_the_programs_of_the_readme_follow_a_list(
    service: tuple[Replica, Replica], run: Run, tmp_path: Path, language: str
) -> None:
    """Each SDK's program, as printed, tells the state and then every change."""
    [source] = blocks(README, language)
    ann = await Person.register(service[0])
    list_id = await ann.make_list()
    if language == "python":
        file = tmp_path / "follow.py"
        interpreter = Path(sys.executable)
    else:
        modules = ROOT / "tests" / "node" / "node_modules"
        if not modules.is_dir():
            pytest.skip("the Node packages of the tests are not installed")
        (tmp_path / "node_modules").symlink_to(modules)
        file = tmp_path / "follow.mjs"
        # Node has a WebSocket of its own from version 22 on; the tests' older one gets the package.
        source = _with_websocket(source)
        interpreter = program("node", "nodejs", package="nodejs")
    file.write_text(source)
    process = Process(
        run,
        f"readme-{language}",
        [interpreter, file, service[1].origin, list_id, ann.access_token],
        cwd=tmp_path,
    )
    try:
        await eventually(lambda: "0 todos at 2" in process.log(), "the state")
        await ann.add_todo(list_id)
        said = f"3 {ann.username} todo.created"
        await eventually(lambda: said in process.log(), f"{said!r} in {process.log()!r}")
    finally:
        process.kill()


def _with_websocket(source: str) -> str:
    """Give Node the WebSocket that browsers have, where it lacks one."""
    return "import WebSocket from 'ws';\nglobalThis.WebSocket ??= WebSocket;\n" + source


async def test_several_processes_on_postgresql_and_redis(
    run: Run, empty_postgresql_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The block for many users migrates an empty database and serves with two processes."""
    program("openssl", package="openssl")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    port = free_port()
    block = SHELL[4]
    for shown, real in (
        ("postgresql://lockstep:secret@localhost:5432/lockstep", empty_postgresql_url),
        ("redis://localhost:6379/0", redis_url),
        ("--port 8000", f"--port {port}"),
    ):
        assert shown in block
        block = block.replace(shown, real)
    process = Process(
        run, "readme-many", ["/bin/sh", "-euc", block], cwd=tmp_path, env=environment()
    )
    try:
        process.wait_until_ready(lambda: is_listening(port), within_s=30)
        replica = Replica(run, {}, tmp_path, port)
        await eventually(replica.is_ready, "ready", within_s=30)
        assert "empty → " in process.log()
    finally:
        process.kill()


def test_the_blocks_are_the_ones_the_tests_know() -> None:
    """A new shell block of the README needs a test of its own."""
    assert len(SHELL) == 5
    started, production = blocks(README, "console")
    targets = re.findall(r"^make (\w+)", started, re.MULTILINE)
    makefile = page("Makefile")
    assert targets == ["run", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    # The beginning of what docs/production.md says at length, where it is tested.
    for line in production.splitlines():
        assert line.partition("#")[0].strip() in page("docs/production.md")


def test_commands_named_in_the_readme_exist() -> None:
    """What the README names without running it is at least there."""
    helped = subprocess.run(
        [lockstep(), "user", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in ("create", "set-password", "set-admin", "disable", "sessions"):
        assert name in helped
