"""The whole service in this process, without a socket: requests go straight into the app."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from http_api.app import Application
from http_api.services import Services
from http_api.settings import Settings

ORIGIN = "http://127.0.0.1:8000"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778"
PASSWORD = "a long enough pass phrase"


def fresh() -> str:
    """Give an id that nobody has used."""
    return str(uuid.uuid4())


@dataclass
class Someone:
    """Hold an account that is logged in, or nobody (no token)."""

    http: httpx.AsyncClient
    username: str = ""
    id: str = ""
    token: str = ""

    async def send(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request to a path under ``/api/v1``."""
        fields = dict(headers or {})
        if self.token:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        url = f"/api/v1{path}"
        if content is not None:
            fields.setdefault("Content-Type", "application/json")
            return await self.http.request(method, url, content=content, headers=fields)
        return await self.http.request(method, url, json=json, headers=fields)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Read; ``if_none_match`` names the header If-None-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.send("GET", path, headers=named)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Write."""
        return await self.send("POST", path, json, **more)

    async def done(self, method: str, path: str, json: Any = None) -> dict[str, Any]:
        """Send a request that must succeed; give its answer."""
        answer = await self.send(method, path, json)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def new_list(self, title: str = "Shopping") -> str:
        """Make a list; give its id."""
        return str((await self.done("POST", "/lists", {"title": title}))["list"]["id"])

    async def new_todo(self, list_id: str, title: str = "milk", **fields: Any) -> dict[str, Any]:
        """Add a todo; give it."""
        body = {"title": title, **fields}
        made = await self.done("POST", f"/lists/{list_id}/todos", body)
        found: dict[str, Any] = made["todo"]
        return found

    async def head(self, list_id: str) -> int:
        """Give a list's last offset."""
        return int((await self.done("GET", f"/lists/{list_id}"))["offset"])

    async def share(self, list_id: str, other: Someone, role: str = "editor") -> None:
        """Give another person a role in a list."""
        await self.done("PUT", f"/lists/{list_id}/members/{other.username}", {"role": role})


@dataclass
class Service:
    """Hold the running app and its people."""

    app: Application
    services: Services
    http: httpx.AsyncClient
    nobody: Someone = field(init=False)

    def __post_init__(self) -> None:
        self.nobody = Someone(self.http)

    async def register(self, name: str) -> Someone:
        """Make an account, and log in."""
        username = f"{name}-{uuid.uuid4().hex[:8]}"
        account = {"username": username, "password": PASSWORD}
        made = await self.nobody.done("POST", "/auth/register", account)
        tokens = await self.nobody.done("POST", "/auth/login", account)
        return Someone(self.http, username, made["id"], tokens["access_token"])


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Service]:
    """Run the service with these settings."""
    values = {"secret_key": SECRET, "rate_limits": False, **settings}
    app = Application(Settings(_env_file=None, **values))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        app.running() as services,
        httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http,
    ):
        yield Service(app, services, http)
