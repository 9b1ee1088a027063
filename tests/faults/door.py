"""The two ways a command goes in: HTTP requests and RPCs on a socket."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.servers.replica import Replica

_TEMPORARY = {100, 111, 429, 503}


class Doubt(Exception):
    """Say that no answer came, or one that asks to send the command again."""


class Mistake(Exception):
    """Carry an answer that no fault excuses."""


class Answer(dict[str, Any]):
    """Hold the body of a success; ``replayed`` as in ``Write``."""

    replayed: bool | None = None


class Door(ABC):
    """Send commands to one replica in one person's name."""

    @abstractmethod
    async def send(self, command: dict[str, Any]) -> Answer:
        """Give the answer; raise Doubt or Mistake. When cancelled the connection is cut."""

    @abstractmethod
    async def aclose(self) -> None:
        """Let go of the connection."""


class HttpDoor(Door):
    """Send commands as requests; ``timeout_s`` without a sign of life is a doubt."""

    def __init__(self, replica: Replica, token: str, *, timeout_s: float) -> None:
        self._http = httpx.AsyncClient(
            base_url=replica.api,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            trust_env=False,
        )

    async def send(self, command: dict[str, Any]) -> Answer:
        """Give the answer; a connection cut at any moment is a doubt."""
        method, path, body = _route(command)
        try:
            response = await self._http.request(
                method, path, json=body, headers={"Idempotency-Key": command["op"]}
            )
        except httpx.HTTPError as error:
            raise Doubt(type(error).__name__) from None
        if response.status_code == 503:
            raise Doubt(f"503 {response.json()['code']}")
        if response.is_error:
            raise Mistake(f"{command['type']}: {response.status_code} {response.text}")
        answer = Answer(response.json())
        answer.replayed = response.headers.get("Idempotent-Replay") == "true"
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class SocketDoor(Door):
    """Send commands as RPCs on a socket that is opened when it is first needed."""

    def __init__(self, replica: Replica, token: str, *, timeout_s: float) -> None:
        self._url = replica.websocket
        self._token = token
        self._timeout_s = timeout_s
        self._socket: ClientConnection | None = None
        self._id = 1

    async def send(self, command: dict[str, Any]) -> Answer:
        """Give the answer; whatever happens to the socket is a doubt."""
        done = False
        data = {name: value for name, value in command.items() if name != "type"}
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._socket is None:
                    self._socket = await connect(
                        self._url,
                        subprotocols=[Subprotocol("centrifuge-json")],
                        compression=None,
                        ping_interval=None,
                        proxy=None,
                    )
                    await self._ask({"connect": {"token": self._token}})
                reply = await self._ask({"rpc": {"method": command["type"], "data": data}})
                done = True
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Doubt(type(error).__name__) from None
        finally:
            if not done:
                self._cut()
        return Answer(reply["rpc"]["data"])

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        self._id += 1
        await self._socket.send(json.dumps({"id": self._id, **command}))
        while True:
            for line in str(await self._socket.recv()).split("\n"):
                reply: dict[str, Any] = json.loads(line)
                if not reply:
                    await self._socket.send("{}")
                elif reply.get("id") == self._id:
                    return _checked(reply)

    def _cut(self) -> None:
        """End the connection as a network does, without a closing handshake."""
        if self._socket is not None:
            self._socket.transport.abort()
        self._socket = None

    async def aclose(self) -> None:
        """Cut the socket."""
        self._cut()


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    error = reply.get("error")
    if error is None:
        return reply
    said = f"{error['code']} {error['message']}"
    if error.get("temporary") and error["code"] in _TEMPORARY:
        raise Doubt(said)
    raise Mistake(said)


def _route(command: dict[str, Any]) -> tuple[str, str, Any]:
    match command["type"]:
        case "todo.create":
            return "POST", f"/lists/{command['list_id']}/todos", {"title": command["title"]}
        case "todo.update":
            return "PATCH", f"/todos/{command['todo_id']}", command["changes"]
        case "member.remove":
            path = f"/lists/{command['list_id']}/members/{command['username']}"
            return "DELETE", path, None
        case other:
            raise ValueError(other)
