"""How soon an ended session is over on every replica, with Redis and without."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bench.figure import Figure, Measured
from bench.samples import percentile
from bench.site import Site
from tests.servers.deadline import eventually
from tests.servers.person import Person
from tests.servers.replica import Replica

__all__ = ["revocation"]

_PEOPLE, _SESSIONS = 20, 10  # 200 revocations in each phase
_GIVE_UP_S = 10.0
_APART_S = 0.05  # between two revocations
_MESSAGE_S = 0.5  # between two messages to one person


@dataclass
class _Session:
    """Hold one session with a socket at each replica; times are ``time.monotonic()``."""

    token: str
    readers: list[asyncio.Task[None]] = field(default_factory=list)
    last_frame: list[float] = field(default_factory=lambda: [0.0, 0.0])
    closed: list[float] = field(default_factory=lambda: [0.0, 0.0])

    async def read(self, number: int, socket: ClientConnection) -> None:
        """Take every frame until the replica closes the socket."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = str(await socket.recv())
                self.last_frame[number] = time.monotonic()
                if frame == "{}":
                    await socket.send("{}")
        self.closed[number] = time.monotonic()


async def revocation(site: Site) -> Measured:
    """Measure logout to closed socket and refused token: with Redis, then with a dead one."""
    database = site.database()
    replicas = [await site.replica(database), await site.replica(database)]
    people = await site.people(replicas[0], _PEOPLE)
    redis = site.redis.process
    if redis is None:
        raise RuntimeError("Redis was not started here")
    healthy = await _phase(replicas, people)
    redis.kill()
    dead = await _phase(replicas, people)
    site.redis.launch(site.run)
    for replica in replicas:
        await replica.kill()
    names = ("socket closed", "token refused", "last frame received")
    figures = []
    for phase, goal, seen in (("with Redis", 1000.0, healthy), ("Redis killed", 3000.0, dead)):
        for name, samples in zip(names, seen, strict=True):
            figures += [
                Figure(f"{name}, {phase}, p50", "ms", (percentile(samples, 50),)),
                Figure(f"{name}, {phase}, p99", "ms", (percentile(samples, 99),), goal),
                Figure(f"{name}, {phase}, longest", "ms", (max(samples),)),
            ]
    return Measured(
        f"Revocation: {_PEOPLE * _SESSIONS} sessions end, each with a socket at two replicas",
        "Two replicas on one PostgreSQL and Redis. People make lists all the time, each of which is"
        " told to all sockets of that person; their sessions end, 20 a second, by logging "
        "out, at either replica. Times run from the sending of that request, which is earlier than "
        "its commit: to the close of each of the two sockets, to the first refusal of the token at "
        "the other replica, and to the last frame that each socket got (0: none came after).",
        tuple(figures),
    )


async def _phase(
    replicas: Sequence[Replica], people: Sequence[Person]
) -> tuple[list[float], list[float], list[float]]:
    """End all sessions; give milliseconds to closes, to refusals, and to last frames."""
    closes: list[float] = []
    refusals: list[float] = []
    frames: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=replica.api, timeout=15, trust_env=False)
            )
            for replica in replicas
        ]
        sessions = [
            await _open(stack, replicas, person) for person in people for _ in range(_SESSIONS)
        ]
        await stack.enter_async_context(_messages(https[0], people))
        random.Random(1).shuffle(sessions)

        async def end(number: int, session: _Session) -> None:
            here, there = https[number % 2], https[1 - number % 2]
            headers = {"Authorization": f"Bearer {session.token}"}
            begun = time.monotonic()
            (await here.post("/auth/logout", headers=headers)).raise_for_status()
            refused = await _refused(there, headers)
            async with asyncio.timeout(_GIVE_UP_S):
                await asyncio.gather(*session.readers)
            refusals.append((refused - begun) * 1e3)
            closes.extend((closed - begun) * 1e3 for closed in session.closed)
            frames.extend(max(0.0, last - begun) * 1e3 for last in session.last_frame)

        async with asyncio.TaskGroup() as ending:
            for number, session in enumerate(sessions):
                ending.create_task(end(number, session))
                await asyncio.sleep(_APART_S)
    return closes, refusals, frames


async def _open(
    stack: contextlib.AsyncExitStack, replicas: Sequence[Replica], person: Person
) -> _Session:
    token = await Person(person.at, person.username).log_in()
    session = _Session(token)
    for number, replica in enumerate(replicas):
        socket = await stack.enter_async_context(
            connect(
                replica.websocket,
                subprotocols=[Subprotocol("centrifuge-json")],
                compression=None,
                ping_interval=None,
                proxy=None,
            )
        )
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        answer = json.loads(str(await socket.recv()).split("\n")[0])
        if "connect" not in answer:
            raise RuntimeError(f"not connected: {answer}")
        session.readers.append(asyncio.create_task(session.read(number, socket)))
    return session


async def _refused(http: httpx.AsyncClient, headers: dict[str, str]) -> float:
    """Use a token, without a pause to speak of, until it is refused; give when."""

    async def refused() -> bool:
        return (await http.get("/me", headers=headers)).status_code == httpx.codes.UNAUTHORIZED

    await eventually(refused, "the token is refused", within_s=_GIVE_UP_S)
    return time.monotonic()


@contextlib.asynccontextmanager
async def _messages(http: httpx.AsyncClient, people: Sequence[Person]) -> AsyncIterator[None]:
    """Tell all sockets of every person something all the time: a list was made."""

    async def make(person: Person) -> None:
        headers = {"Authorization": f"Bearer {person.access_token}"}
        while True:
            made = await http.post(
                "/lists",
                json={"title": "Shopping"},
                headers=headers | {"Idempotency-Key": str(uuid.uuid4())},
            )
            made.raise_for_status()
            await asyncio.sleep(_MESSAGE_S)

    making = [asyncio.create_task(make(person)) for person in people]
    try:
        yield
        for task in making:
            if task.done():
                task.result()
    finally:
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
