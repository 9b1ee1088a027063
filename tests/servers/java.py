"""The official Java SDK, which speaks the protocol's binary form: all clients in one process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from tests.servers.line_client import LONGEST_LINE, LineClient
from tests.servers.missing import missing, program
from tests.servers.process import Process
from tests.servers.run import Run

_BUILT = Path(__file__).parents[1] / "java" / "build"


def start_java(run: Run) -> tuple[Process, int]:
    """Start the program that makes clients, in half a second; give it and its port."""
    java = program("java", package="default-jdk-headless")
    if not (_BUILT / "classes" / "Clients.class").is_file() or not (_BUILT / "lib").is_dir():
        missing("the Java client of the tests (mvn compile in tests/java)")
    process = Process(
        run,
        "java",
        # Little memory and the quickest start: it lives for some tests only.
        [java, "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
         "-cp", f"{_BUILT / 'classes'}:{_BUILT / 'lib'}/*", "Clients"],
    )  # fmt: skip
    process.wait_until_ready(lambda: process.log().partition("\n")[1])
    return process, int(process.log().partition("\n")[0])


class JavaClient(LineClient):
    """Hold one client of the Java SDK, which ``tests/java`` drives."""

    @classmethod
    async def start(cls, port: int) -> Self:
        """Make a client that is not connected yet, in the process behind ``port``."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_LINE))
