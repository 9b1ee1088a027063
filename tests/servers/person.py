"""One person with an account, acting through the HTTP interface."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.servers.replica import Replica

PASSWORD = "a long enough pass phrase"


@dataclass
class Person:
    """Hold an account and its newest tokens.

    ``at`` is the replica that answers; any other of the same service may be set.
    """

    at: Replica
    username: str
    id: str = ""
    access_token: str = ""
    refresh_token: str = ""

    @classmethod
    async def register(cls, at: Replica, name: str = "ann") -> Person:
        """Make an account whose username begins with ``name``, and log in."""
        person = cls(at, f"{name}-{uuid.uuid4().hex[:12]}")
        made = await person.call(
            "POST", "/auth/register", {"username": person.username, "password": PASSWORD}
        )
        person.id = made["id"]
        await person.log_in()
        return person

    async def log_in(self) -> str:
        """Begin a session; give its access token."""
        return self._keep(
            await self.call(
                "POST", "/auth/login", {"username": self.username, "password": PASSWORD}
            )
        )

    async def refresh(self, _channel: str | None = None) -> str:
        """Rotate the session's tokens; give the access token (an SDK's ``token`` answer)."""
        body = {"refresh_token": self.refresh_token}
        return self._keep(await self.call("POST", "/auth/refresh", body))

    async def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Call a route under ``/api/v1``; give the JSON answer (None for 204).

        Raises httpx.HTTPStatusError, with the answer's words, when it is refused.
        """
        answer = await self.answer(method, path, body, **params)
        if answer.is_error:
            message = f"{method} {path}: {answer.status_code} {answer.text}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
        return answer.json() if answer.content else None

    async def answer(
        self, method: str, path: str, body: Any = None, **params: Any
    ) -> httpx.Response:
        """Call a route and give the answer as it is; every write has an idempotency key."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method != "GET" else {}
        if self.access_token:
            headers["Authorization"] = f"Bearer {self.access_token}"
        async with httpx.AsyncClient(base_url=self.at.api, timeout=15, trust_env=False) as http:
            return await http.request(method, path, json=body, headers=headers, params=params)

    async def make_list(self, title: str = "Shopping") -> str:
        """Make a list; give its id."""
        return str((await self.call("POST", "/lists", {"title": title}))["list"]["id"])

    async def share(self, list_id: str, other: Person, role: str = "editor") -> Any:
        """Give ``other`` a role in the list."""
        return await self.call("PUT", f"/lists/{list_id}/members/{other.username}", {"role": role})

    async def add_todo(self, list_id: str, title: str = "milk") -> Any:
        """Add a todo; give the answer: ``{todo, epoch, offset}``."""
        return await self.call("POST", f"/lists/{list_id}/todos", {"title": title})

    async def add_todos(self, list_id: str, count: int) -> int:
        """Add ``count`` todos in as few requests as possible; give the list's offset then."""
        offset = 0
        for start in range(0, count, 100):
            commands = [
                {
                    "type": "todo.create",
                    "op": str(uuid.uuid4()),
                    "list_id": list_id,
                    "title": f"todo {number}",
                }
                for number in range(start, min(start + 100, count))
            ]
            done = await self.call("POST", "/commands", {"commands": commands})
            assert all(result["status"] == 201 for result in done["results"]), done
            offset = done["results"][-1]["body"]["offset"]
        return offset

    async def position(self, list_id: str) -> dict[str, Any]:
        """Read the list's snapshot; give where it stands: ``{epoch, offset}``."""
        snapshot = await self.call("GET", f"/lists/{list_id}")
        return {"epoch": snapshot["epoch"], "offset": snapshot["offset"]}

    def _keep(self, tokens: dict[str, Any]) -> str:
        self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        return self.access_token
