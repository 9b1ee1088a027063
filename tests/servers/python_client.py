"""The official Python SDK, seen as every SDK is in the tests."""

from __future__ import annotations

import asyncio
import json
from dataclasses import is_dataclass
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    Publication,
    ReplyError,
    StreamPosition,
    Subscription,
    SubscriptionEventHandler,
    UnauthorizedError,
)

from tests.servers.sdk_client import SdkClient, SdkError, Unauthorized

_EVENTS = ("subscribing", "subscribed", "unsubscribed", "publication", "join", "leave", "error")

# The JavaScript SDK's names of fields, and of options, for the Python SDK's.
_NAMES = {
    "stream_position": "streamPosition",
    "was_recovering": "wasRecovering",
    "conn_info": "connInfo",
    "chan_info": "chanInfo",
    "num_clients": "numClients",
    "num_users": "numUsers",
}
_OPTIONS = {"joinLeave": "join_leave"}


class PythonClient(SdkClient):
    """Hold one client of the Python SDK, in JSON or in the protocol's binary form."""

    def __init__(self, *, protobuf: bool = False) -> None:
        super().__init__()
        self._protobuf = protobuf
        self._client: Client | None = None

    async def do(self, action: str, **fields: Any) -> Any:
        """Do ``action``; see :meth:`SdkClient.do`."""
        try:
            return _plain(await getattr(self, f"_{action}")(**fields))
        except ReplyError as refused:
            raise SdkError(refused.code, refused.message) from None
        except CentrifugeError as refused:
            raise SdkError(0, str(refused)) from None

    async def aclose(self) -> None:
        """Disconnect, and wait until every transport of the client is closed."""
        if self._client is None:
            return
        await self._client.disconnect()
        # The SDK closes in the background and has no word for waiting until it has.
        while tasks := [task for task in self._client._background_tasks if not task.done()]:
            await asyncio.wait(tasks)

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise RuntimeError("connect first")
        return self._client

    def _subscription(self, channel: str) -> Subscription:
        found = self._connected.get_subscription(channel)
        if found is None:
            raise SdkError(0, f"no subscription to {channel}")
        return found

    async def _connect(self, url: str, token: str, options: dict[str, Any] | None = None) -> None:
        handler = ClientEventHandler()
        for name in ("connecting", "connected", "disconnected"):
            setattr(handler, f"on_{name}", self._recorder(name))
        for name in _EVENTS:
            side = {} if name == "error" else {"side": "server"}
            setattr(handler, f"on_{name}", self._recorder(name, **side))
        self._client = Client(
            url,
            events=handler,
            token=token,
            get_token=self._token,
            use_protobuf=self._protobuf,
            min_reconnect_delay=0.01,
            max_reconnect_delay=0.2,
            proxy=None,
            **(options or {}),
        )
        await self._client.connect()

    async def _subscribe(
        self, channel: str, options: dict[str, Any] | None = None, *, state: bool = False
    ) -> None:
        handler = SubscriptionEventHandler()
        for name in _EVENTS:
            setattr(handler, f"on_{name}", self._recorder(name, side="client", channel=channel))
        made = self._connected.new_subscription(
            channel,
            events=handler,
            min_resubscribe_delay=0.01,
            max_resubscribe_delay=0.2,
            get_state=self._state if state else None,
            **{_OPTIONS[name]: value for name, value in (options or {}).items()},
        )
        await made.subscribe()

    async def _unsubscribe(self, channel: str) -> None:
        await self._subscription(channel).unsubscribe()

    async def _resubscribe(self, channel: str) -> None:
        await self._subscription(channel).subscribe()

    async def _publish(self, channel: str, data: Any) -> Any:
        return await self._connected.publish(channel, self._spelled(data))

    async def _presence(self, channel: str) -> Any:
        return await self._connected.presence(channel)

    async def _presenceStats(self, channel: str) -> Any:  # noqa: N802 - the actions' own names
        return await self._connected.presence_stats(channel)

    async def _history(self, channel: str, options: dict[str, Any] | None = None) -> Any:
        asked = dict(options or {})
        if since := asked.pop("since", None):
            asked["since"] = StreamPosition(**since)
        return await self._connected.history(channel, **asked)

    async def _rpc(self, method: str, data: Any) -> Any:
        return await self._connected.rpc(method, self._spelled(data))

    def _spelled(self, data: Any) -> Any:
        """Give ``data`` as the SDK takes it: bytes in the binary form."""
        return json.dumps(data).encode() if self._protobuf else data

    async def _cut(self) -> None:
        # The SDK has no word for it: what a network does, without a closing handshake.
        connection = self._connected._conn
        if connection is None:
            raise RuntimeError("not connected")
        connection.transport.abort()

    async def _disconnect(self) -> None:
        await self._connected.disconnect()

    async def _reconnect(self) -> None:
        await self._connected.connect()

    async def _token(self) -> str:
        if "token" not in self.answers:
            raise UnauthorizedError
        try:
            return str(await self.answers["token"](None))
        except Unauthorized:
            raise UnauthorizedError from None

    async def _state(self, channel: str) -> StreamPosition:
        return StreamPosition(**await self.answers["state"](channel))

    def _recorder(self, name: str, **always: Any) -> Any:
        async def record(context: Any) -> None:
            told = _plain(context)
            # A publication lies inside its event here, and is the event there.
            told |= told.pop("pub", {})
            self.record({"event": name, **always, **told})

        return record


def _plain(told: Any) -> Any:
    """Turn the SDK's objects into the JavaScript SDK's fields."""
    if is_dataclass(told) and not isinstance(told, type):
        fields = {key: getattr(told, key) for key in told.__dataclass_fields__}
        # `data` is the service's own and stays as it came.
        plain = {
            _NAMES.get(key, key): _read(value) if key == "data" else _plain(value)
            for key, value in fields.items()
        }
        if isinstance(told, Publication) and not told.offset:
            del plain["offset"]  # the SDK's way of saying that it has none
        return plain
    if isinstance(told, dict):
        return {key: _plain(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_plain(value) for value in told]
    return str(told) if isinstance(told, Exception) else _read(told)


def _read(told: Any) -> Any:
    """Read the JSON that the binary form carries as bytes; anything else is what it is."""
    return json.loads(told) if isinstance(told, bytes) and told else told
