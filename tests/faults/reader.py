"""Someone who reads one list's snapshot again and again, at all replicas in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from tests.servers.replica import Replica


@dataclass(frozen=True, slots=True)
class Read:
    """Hold one snapshot: its offset, its todos' titles by id, and what it had to contain.

    ``acknowledged`` is the highest offset that a writer knew of before the snapshot was asked for.
    """

    offset: int
    titles: dict[str, str]
    acknowledged: int


class Reader:
    """Read until cancelled; answers that a fault explains are passed over."""

    def __init__(
        self,
        list_id: str,
        replicas: Sequence[Replica],
        token: str,
        acknowledged: Callable[[str], int],
    ) -> None:
        self.list_id = list_id
        self.reads: list[Read] = []
        self.mistakes: list[str] = []
        self._replicas = replicas
        self._token = token
        self._acknowledged = acknowledged

    async def run(self, *, every_s: float = 1.0) -> None:
        """Read all the time, ``every_s`` seconds after the last answer."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with httpx.AsyncClient(headers=headers, timeout=6, trust_env=False) as http:
            turn = 0
            while True:
                turn += 1
                await self._read(http, self._replicas[turn % len(self._replicas)])
                await asyncio.sleep(every_s)

    async def _read(self, http: httpx.AsyncClient, replica: Replica) -> None:
        acknowledged = self._acknowledged(self.list_id)
        try:
            answer = await http.get(f"{replica.api}/lists/{self.list_id}")
        except httpx.HTTPError:
            return
        if answer.status_code == 503:
            return
        if answer.is_error:
            self.mistakes.append(f"read: {answer.status_code} {answer.text}")
            return
        body = answer.json()
        titles = {todo["id"]: todo["title"] for todo in body["todos"]}
        self.reads.append(Read(body["offset"], titles, acknowledged))
