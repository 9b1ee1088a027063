"""Speak the protocol as Protobuf: binary frames, each message after its length.

What a log's entries, signals and answers hold is JSON here, too: the same bytes as in the JSON form
stand in the fields ``data`` and ``conn_info``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from realtime.codes import ErrorCode, UnsubscribeCode
from realtime.command import Message
from realtime.encoding import VERSION, Address, Encoding
from realtime.presence import ClientInfo
from realtime.protobuf_commands import parse_binary_frame
from realtime.protobuf_schema import Reply
from realtime.publication import Publication
from realtime.subscription import Start

__all__ = ["PROTOBUF", "ProtobufEncoding"]


def _spelled(reply: Any) -> bytes:
    message: bytes = reply.SerializeToString()
    size = len(message)
    prefix = bytearray()
    while size >= 0x80:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + message


def _publications(publications: Iterable[Publication]) -> list[dict[str, Any]]:
    return [{"data": one.entry.data, "offset": one.offset} for one in publications]


def _client(info: ClientInfo) -> dict[str, Any]:
    return {
        "client": info.client,
        "user": info.user,
        "conn_info": orjson.dumps({"username": info.username}),
    }


def _subscribed(start: Start) -> dict[str, Any]:
    return {
        "recoverable": True,
        "positioned": True,
        "epoch": start.epoch,
        "offset": start.offset,
        "was_recovering": start.recovered is not None,
        "recovered": bool(start.recovered),
        "publications": _publications(start.publications),
    }


class ProtobufEncoding:
    """Spell replies and pushes as Protobuf messages (see realtime.encoding.Encoding)."""

    __slots__ = ()

    subprotocol = "centrifuge-protobuf"
    text = False
    separator = b""
    ping = b"\x00"  # a reply of no bytes

    def parse(self, frame: bytes) -> list[Message]:
        """Read the commands of one binary frame."""
        return parse_binary_frame(frame)

    def publication(self, publication: Publication) -> bytes:
        """Push an entry; spelled when the first follower of this encoding needs it."""
        push = publication.binary
        if push is None:
            body = {"data": publication.entry.data, "offset": publication.offset}
            push = publication.binary = self._push(publication.entry.log.channel, pub=body)
        return push

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
        return _spelled(Reply(id=number, connect=body))

    def subscribe_reply(self, number: int, start: Start | None) -> bytes:
        """Accept a subscription; None: to a channel without positions."""
        return _spelled(Reply(id=number, subscribe={} if start is None else _subscribed(start)))

    def empty_reply(self, number: int, name: str) -> bytes:
        """Say that the command ``name`` is done: publish, unsubscribe, ping."""
        return _spelled(Reply(id=number, **{name: {}}))

    def rpc_reply(self, number: int, body: bytes) -> bytes:
        """Answer an rpc with finished JSON."""
        return _spelled(Reply(id=number, rpc={"data": body}))

    def refresh_reply(self, number: int, ttl: int) -> bytes:
        """Accept a fresh token; ``ttl`` in seconds."""
        return _spelled(Reply(id=number, refresh={"expires": True, "ttl": ttl}))

    def presence_reply(self, number: int, infos: Iterable[ClientInfo]) -> bytes:
        """Tell who is here, by client id."""
        here = {info.client: _client(info) for info in infos}
        return _spelled(Reply(id=number, presence={"presence": here}))

    def presence_stats_reply(self, number: int, clients: int, users: int) -> bytes:
        """Tell how many are here."""
        body = {"num_clients": clients, "num_users": users}
        return _spelled(Reply(id=number, presence_stats=body))

    def history_reply(
        self, number: int, epoch: str, offset: int, publications: Iterable[Publication] | None
    ) -> bytes:
        """Give a part of a log; None: its position only, which looks like an empty part here."""
        body = {
            "epoch": epoch,
            "offset": offset,
            "publications": _publications(publications or ()),
        }
        return _spelled(Reply(id=number, history=body))

    def error_reply(self, number: int, error: ErrorCode) -> bytes:
        """Refuse a command."""
        body = {"code": error.code, "message": error.message, "temporary": error.temporary}
        return _spelled(Reply(id=number, error=body))

    def unsubscribe_push(self, channel: str, code: UnsubscribeCode) -> bytes:
        """End a subscription from the server's side."""
        return self._push(channel, unsubscribe={"code": code.code, "reason": code.reason})

    def join_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection came."""
        return self._push(channel, join={"info": _client(info)})

    def leave_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection went."""
        return self._push(channel, leave={"info": _client(info)})

    def signal_push(self, channel: str, data: bytes, info: ClientInfo) -> bytes:
        """Pass a signal on, with who sent it; ``data`` is finished JSON."""
        return self._push(channel, pub={"data": data, "info": _client(info)})

    def _push(self, channel: str, **what: Any) -> bytes:
        return _spelled(Reply(push={"channel": channel, **what}))


PROTOBUF: Final[Encoding] = ProtobufEncoding()
