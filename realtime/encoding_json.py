"""Speak the protocol as JSON: text frames, messages joined by newlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from realtime.codes import ErrorCode, UnsubscribeCode
from realtime.command import Message
from realtime.encoding import VERSION, Address, Encoding
from realtime.presence import ClientInfo
from realtime.protocol import parse_frame
from realtime.publication import Publication
from realtime.subscription import Start

__all__ = ["JSON", "JsonEncoding"]


def _reply(number: int, name: str, body: Any) -> bytes:
    return orjson.dumps({"id": number, name: body})


def _push(channel: str, name: str, body: Any) -> bytes:
    return orjson.dumps({"push": {"channel": channel, name: body}})


def _publications(publications: Iterable[Publication]) -> list[orjson.Fragment]:
    return [orjson.Fragment(publication.body) for publication in publications]


def _client(info: ClientInfo) -> dict[str, Any]:
    return {
        "client": info.client,
        "user": info.user,
        "conn_info": {"username": info.username},
    }


def _subscribed(start: Start) -> dict[str, Any]:
    body: dict[str, Any] = {
        "recoverable": True,
        "positioned": True,
        "epoch": start.epoch,
        "offset": start.offset,
    }
    if start.recovered is not None:
        body["was_recovering"] = True
        body["recovered"] = start.recovered
    if start.publications:
        body["publications"] = _publications(start.publications)
    return body


class JsonEncoding:
    """Spell replies and pushes as JSON objects (see realtime.encoding.Encoding)."""

    __slots__ = ()

    subprotocol = "centrifuge-json"
    text = True
    separator = b"\n"
    ping = b"{}"

    def parse(self, frame: bytes) -> list[Message]:
        """Read the commands of one text frame."""
        return parse_frame(frame)

    def publication(self, publication: Publication) -> bytes:
        """Push an entry."""
        return publication.frame

    def connect_reply(
        self,
        number: int,
        client: str,
        ttl: int,
        ping: int,
        subs: Mapping[str, Start],
        address: Address | None = None,
    ) -> bytes:
        """Accept a connection; ``ttl`` and ``ping`` in seconds, ``address`` None: a socket."""
        body: dict[str, Any] = {
            "client": client,
            "version": VERSION,
            "expires": True,
            "ttl": ttl,
            "ping": ping,
            "pong": True,
            "subs": {channel: _subscribed(start) for channel, start in subs.items()},
        }
        if address is not None:
            body |= address._asdict()
        return _reply(number, "connect", body)

    def subscribe_reply(self, number: int, start: Start | None) -> bytes:
        """Accept a subscription; None: to a channel without positions."""
        return _reply(number, "subscribe", {} if start is None else _subscribed(start))

    def empty_reply(self, number: int, name: str) -> bytes:
        """Say that the command ``name`` is done: publish, unsubscribe, ping."""
        return _reply(number, name, {})

    def rpc_reply(self, number: int, body: bytes) -> bytes:
        """Answer an rpc with finished JSON."""
        return b'{"id":%d,"rpc":{"data":%b}}' % (number, body)

    def refresh_reply(self, number: int, ttl: int) -> bytes:
        """Accept a fresh token; ``ttl`` in seconds."""
        return _reply(number, "refresh", {"expires": True, "ttl": ttl})

    def presence_reply(self, number: int, infos: Iterable[ClientInfo]) -> bytes:
        """Tell who is here, by client id."""
        return _reply(
            number, "presence", {"presence": {info.client: _client(info) for info in infos}}
        )

    def presence_stats_reply(self, number: int, clients: int, users: int) -> bytes:
        """Tell how many are here."""
        return _reply(number, "presence_stats", {"num_clients": clients, "num_users": users})

    def history_reply(
        self, number: int, epoch: str, offset: int, publications: Iterable[Publication] | None
    ) -> bytes:
        """Give a part of a log; None: its position only."""
        body: dict[str, Any] = {"epoch": epoch, "offset": offset}
        if publications is not None:
            body["publications"] = _publications(publications)
        return _reply(number, "history", body)

    def error_reply(self, number: int, error: ErrorCode) -> bytes:
        """Refuse a command."""
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.temporary:
            body["temporary"] = True
        return _reply(number, "error", body)

    def unsubscribe_push(self, channel: str, code: UnsubscribeCode) -> bytes:
        """End a subscription from the server's side."""
        return _push(channel, "unsubscribe", {"code": code.code, "reason": code.reason})

    def join_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection came."""
        return _push(channel, "join", {"info": _client(info)})

    def leave_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection went."""
        return _push(channel, "leave", {"info": _client(info)})

    def signal_push(self, channel: str, data: bytes, info: ClientInfo) -> bytes:
        """Pass a signal on, with who sent it; ``data`` is finished JSON."""
        return _push(channel, "pub", {"data": orjson.Fragment(data), "info": _client(info)})


JSON: Final[Encoding] = JsonEncoding()
