"""One person with an account, acting through Nginx."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import dataclass
from typing import Any, Self, cast

import httpx

from tests.servers.deadline import eventually
from tests.servers.nginx import Nginx
from tests.servers.person import Person
from tests.servers.replica import Replica


@dataclass
class Visitor(Person):
    """Hold an account of which every request goes over TLS to ``nginx``, which stands in ``at``.

    ``cut`` counts the requests whose connection was cut before the answer. Those, and those
    answered with 429 or 503, were sent again with the same idempotency key. ``statuses`` are those
    of all answers. ``impatience`` is the share of sendings that are given up at a random moment, by
    closing the connection, and sent again; ``given_up`` counts them.
    """

    cut: int = 0
    given_up: int = 0
    impatience: float = 0.0

    def __post_init__(self) -> None:
        self.nginx = cast(Nginx, self.at)
        self.statuses: list[int] = []
        self.http = httpx.AsyncClient(
            base_url=f"{self.nginx.origin}/api/v1",
            verify=self.nginx.trust(),
            timeout=30,
            trust_env=False,
        )

    @classmethod
    async def arrive(cls, nginx: Nginx, name: str = "ann") -> Self:
        """Make an account whose username begins with ``name``, and log in."""
        made = await cls.register(cast(Replica, nginx), name)
        assert isinstance(made, cls)
        return made

    async def answer(
        self, method: str, path: str, body: Any = None, **params: Any
    ) -> httpx.Response:
        """Call a route and give the answer; after a cut, 429 or 503 it is sent again, for 30 s.

        What an answer asks for in ``Retry-After`` is kept to, as a program should.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method != "GET" else {}
        if self.access_token:
            headers["Authorization"] = f"Bearer {self.access_token}"

        async def attempt() -> httpx.Response | None:
            patience = random.uniform(0, 0.02) if random.random() < self.impatience else None
            try:
                async with asyncio.timeout(patience):
                    answered = await self.http.request(
                        method, path, json=body, headers=headers, params=params
                    )
            except TimeoutError:
                self.given_up += 1
                return None
            except (httpx.RemoteProtocolError, httpx.NetworkError):
                self.cut += 1
                return None
            self.statuses.append(answered.status_code)
            if answered.status_code not in (429, 503):
                return answered
            await asyncio.sleep(float(answered.headers["Retry-After"]))
            return None

        return await eventually(attempt, f"an answer to {method} {path}", within_s=30)
