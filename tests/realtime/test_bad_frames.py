"""Bad input over real sockets, to a real process: the answer, and what it costs everybody else.

Under our own server everything is ours. Under another ASGI server the framing is that server's, so
there only the answers of the protocol are checked, and that nobody else is disturbed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from _pytest.mark.structures import ParameterSet

from tests.realtime.bad_frames import BAD_INPUT, FIRST, OTHER, WHOLE, BadInput
from tests.servers.apart import apart
from tests.servers.asgi_replica import UvicornReplica
from tests.servers.deadline import eventually
from tests.servers.fixtures import _REPLICAS
from tests.servers.person import Person
from tests.servers.python_client import PythonClient
from tests.servers.raw_websocket import CONT, PING, PONG, TEXT, RawWebSocket, frame
from tests.servers.replica import Replica
from tests.servers.run import Run

pytestmark = pytest.mark.xdist_group("bad-frames")

KIB = 1024
AT_ONCE = 20
_EVERY_S = 0.02  # from one of the bystander's changes to the next
SLACK = 4 * KIB * KIB  # what allocators, receive buffers and the bystander's list may add in all


_STRANGER = BadInput("who has not connected", 0)


class Stage:
    """Hold a replica, two people, and a list that a bystander follows while others misbehave."""

    def __init__(self, replica: Replica, ann: Person, bob: Person, list_id: str) -> None:
        assert replica.process is not None
        self.replica = replica
        self.server = psutil.Process(replica.process.pid)
        self.ours = not isinstance(replica, UvicornReplica)
        self.ann = ann
        self.bob = bob
        self.list_id = list_id

    async def open(self, bad: BadInput | None = None) -> RawWebSocket:
        """Open a socket for somebody who will do ``bad``, connected if that takes it."""
        raw = await RawWebSocket.open(self.replica.port)
        if bad is None or bad.connected:
            assert "connect" in await raw.call(1, "connect", token=self.bob.access_token)
        return raw

    def bytes_of(self, bad: BadInput) -> bytes:
        """Give what is sent."""
        said = (text.replace(OTHER, self.ann.access_token).encode() for text in bad.says)
        return bad.sends or b"".join(frame(TEXT, text) for text in said)

    async def misbehave(self, bad: BadInput) -> int:
        """Do it once, hang up, and give the close code."""
        raw = await self.open(bad)
        told = asyncio.Event()
        sending = asyncio.create_task(_send(raw, self.bytes_of(bad), told if bad.endless else None))
        try:
            return (await raw.closed())[0]
        finally:
            told.set()
            await sending
            raw.close()

    async def crowd(self, bad: BadInput, rounds: int) -> set[int]:
        """Have many do it, ``AT_ONCE`` at a time; give all close codes."""
        codes: set[int] = set()
        for _ in range(rounds):
            codes.update(await asyncio.gather(*(self.misbehave(bad) for _ in range(AT_ONCE))))
        return codes

    def peers(self) -> set[int]:
        """Give the ports at the other ends of the replica's connections."""
        live = psutil.CONN_ESTABLISHED, psutil.CONN_CLOSE_WAIT
        return {one.raddr.port for one in self.server.net_connections("tcp") if one.status in live}

    def log_size(self) -> int:
        """Give how long the replica's log is."""
        assert self.replica.log_path is not None
        return self.replica.log_path.stat().st_size

    def log_since(self, size: int) -> list[str]:
        """Give the lines that were added to the replica's log."""
        assert self.replica.log_path is not None
        return self.replica.log_path.read_bytes()[size:].decode().splitlines()

    @property
    def memory(self) -> int:
        """Give the resident memory, in bytes."""
        return int(self.server.memory_info().rss)

    def forget_peak(self) -> None:
        """Let the peak begin at what is resident now (proc(5), clear_refs)."""
        Path(f"/proc/{self.server.pid}/clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """Give the most that was resident since ``forget_peak``, in bytes."""
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * KIB


async def _send(raw: RawWebSocket, data: bytes, until: asyncio.Event | None = None) -> None:
    """Send ``data``: once, or again and again, as long as the server takes it."""
    with contextlib.suppress(OSError):
        await raw.send(data)
        while until is not None and not until.is_set():
            await raw.send(data)
            await asyncio.sleep(0)


def _turns() -> Iterator[ParameterSet]:
    """Give every server with the bad input whose answer is ours there."""
    for server in ("own", "asgi"):
        for bad in BAD_INPUT:
            if server == "own" or bad.in_band:
                yield pytest.param(server, bad, id=f"{server}: {bad.name}")


def _stage(run: Run, kind: type[Replica]) -> Iterator[Stage]:
    async def start() -> Stage:
        replica = await kind.start(run, RATE_LIMITS="off")
        ann, bob = await Person.register(replica, "ann"), await Person.register(replica, "bob")
        return Stage(replica, ann, bob, await ann.make_list())

    made = apart(start)
    yield made
    apart(made.replica.kill)


@pytest.fixture(scope="module")
def own(run: Run) -> Iterator[Stage]:
    """Give a replica under our own server, which only this module uses: its memory is measured."""
    yield from _stage(run, Replica)


@pytest.fixture(scope="module")
def asgi(run: Run) -> Iterator[Stage]:
    """Give the same under uvicorn as it comes."""
    yield from _stage(run, UvicornReplica)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    """Give the one that the test names, or else our own; its log is in a failed test's report."""
    made: Stage = request.getfixturevalue(getattr(request, "param", "own"))
    request.node.stash[_REPLICAS] = [made.replica]
    return made


@pytest.fixture
async def bystander(stage: Stage) -> AsyncIterator[Bystander]:
    """Give somebody who follows a list and does no harm; in the end, all of it must have come."""
    made = await Bystander.arrive(stage)
    yield made
    await made.aclose()


class Bystander:
    """Hold a device that follows the list, and the socket by which the list is changed."""

    def __init__(self, stage: Stage, device: PythonClient, writer: RawWebSocket) -> None:
        self._stage = stage
        self._device = device
        self._writer = writer
        self._channel = f"list:{stage.list_id}"
        self._number = 10
        self._first = 0
        self._last = 0
        self._over = asyncio.Event()
        self._writing = asyncio.create_task(self._keep_writing())

    @classmethod
    async def arrive(cls, stage: Stage) -> Bystander:
        """Connect the device and the writer."""
        device = PythonClient()
        device.answers["token"] = stage.ann.refresh
        await device.do("connect", url=stage.replica.websocket, token=stage.ann.access_token)
        await device.do("subscribe", channel=f"list:{stage.list_id}")
        await device.event("subscribed", side="client", channel=f"list:{stage.list_id}")
        writer = await RawWebSocket.open(stage.replica.port)
        assert "connect" in await writer.call(1, "connect", token=stage.ann.access_token)
        return cls(stage, device, writer)

    async def saw_everything(self) -> None:
        """Check that each change came, once and in order, over a connection that was never cut."""
        await self._stop_writing()
        await self.write()  # one more, after all of it
        await self._device.event("publication", channel=self._channel, offset=self._last)
        offsets = self._device.offsets(self._channel)
        assert offsets == list(range(self._first, self._last + 1))
        names = [event["event"] for event in self._device.events]
        assert names.count("connected") == 1
        assert "disconnected" not in names

    async def write(self) -> None:
        """Change the list."""
        self._number += 1
        data = {"op": str(uuid4()), "list_id": self._stage.list_id, "title": "milk"}
        reply = await self._writer.call(self._number, "rpc", method="todo.create", data=data)
        self._last = reply["rpc"]["data"]["offset"]
        self._first = self._first or self._last

    async def aclose(self) -> None:
        """Leave."""
        await self._stop_writing()
        self._writer.close()
        await self._device.aclose()

    async def _keep_writing(self) -> None:
        while not self._over.is_set():
            await self.write()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _EVERY_S)

    async def _stop_writing(self) -> None:
        self._over.set()
        await self._writing


@pytest.mark.parametrize(("stage", "bad"), list(_turns()), indirect=["stage"])
async def test_bad_input_ends_its_connection_and_nothing_else(
    stage: Stage, bystander: Bystander, bad: BadInput
) -> None:
    """The code that is documented, flat memory, a quiet log, and nobody else notices."""
    before = stage.peers()
    log = stage.log_size()
    codes = await stage.crowd(bad, 1)  # what the first ones cost is paid before it counts
    await eventually(lambda: stage.peers() <= before, "they are gone")
    memory = stage.memory
    stage.forget_peak()
    codes |= await stage.crowd(bad, 2)
    await eventually(lambda: stage.peers() <= before, "they are gone")
    await bystander.saw_everything()
    assert codes == {bad.code}
    if stage.ours:  # elsewhere what is read before it reaches us is that server's
        assert stage.peak - memory <= SLACK + AT_ONCE * bad.holds
    for line in stage.log_since(log):
        assert "Traceback" not in line
        assert not line.startswith("{") or json.loads(line)["level"] == "info", line


async def test_who_neither_answers_nor_leaves_is_cut(stage: Stage, bystander: Bystander) -> None:
    """After every kind of bad input, and after none at all: 10 s to connect, 5 s to go."""
    before = stage.peers()
    idle = BadInput("nothing at all", 3000)
    kinds = (*BAD_INPUT, idle)
    silent = [await stage.open(bad) for bad in kinds]
    sending = [
        asyncio.create_task(_send(raw, stage.bytes_of(bad)))
        for raw, bad in zip(silent, kinds, strict=True)
    ]
    codes = [(await raw.closed())[0] for raw in silent]
    assert codes == [bad.code for bad in kinds]
    await asyncio.gather(*sending)
    await eventually(lambda: stage.peers() <= before, "they are gone", within_s=60.0)
    await bystander.saw_everything()
    for raw in silent:
        raw.close()


async def test_an_unfinished_message_costs_what_was_sent(stage: Stage) -> None:
    """Of a peer that is connected 256 KiB at most, and 64 KiB before: the rest is refused."""
    for limit, told in ((WHOLE, None), (FIRST, _STRANGER)):
        raws = [await stage.open(told) for _ in range(AT_ONCE)]
        before = stage.memory
        for raw in raws:
            await raw.send(frame(TEXT, b" " * (limit - 1), fin=False))
            await raw.send(frame(PING))
            assert await raw.read_frame() == (PONG, b"")  # so it was read
        assert stage.memory - before <= SLACK + AT_ONCE * (limit + 64 * KIB)
        for raw in raws:
            await raw.send(frame(CONT, b"  "))
            assert (await raw.closed())[0] == 1009
            raw.close()


async def test_bad_peers_leave_nothing_behind(stage: Stage) -> None:
    """A thousand of them: kept for good, 8 KiB of each would show."""
    before = stage.peers()
    kinds = [bad for bad in BAD_INPUT if not bad.endless]
    for bad in kinds:
        await stage.crowd(bad, 1)
    memory = stage.memory
    for bad in kinds:
        assert await stage.crowd(bad, 1) == {bad.code}
    await eventually(lambda: stage.peers() <= before, "they are gone")
    assert stage.memory - memory <= 2 * SLACK
