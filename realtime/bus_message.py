"""Spell bus messages as bytes that only replicas can make, and read them back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import orjson

from realtime.bus import (
    Appended,
    BusMessage,
    Grown,
    Hint,
    PresenceAsked,
    PresenceChanged,
    PresenceDigest,
    Signalled,
)
from realtime.presence import ClientInfo
from store.entry import Entry
from store.log_id import LogId

__all__ = ["decode", "encode", "seal", "unseal"]

_VERSION: Final = b"L1"
_MAC_BYTES: Final = 16  # half of SHA-256, as RFC 2104 section 5 allows
_BODY: Final = len(_VERSION) + _MAC_BYTES


def encode(key: bytes, channel: str, replica: str, message: BusMessage) -> bytes:
    """Spell a message of ``replica`` for ``channel``: one line of JSON and raw data, sealed."""
    header: dict[str, Any]
    data = b""
    match message:
        case Appended(epoch, entry):
            header = {
                "k": "entry",
                "e": epoch,
                "o": entry.offset,
                "t": entry.type,
                "s": None if entry.subject is None else str(entry.subject),
                "x": entry.trace,
            }
            data = entry.data
        case Signalled(data, info):
            header = {"k": "signal", "i": _info(info)}
        case PresenceChanged(version, joined, left):
            header = {"k": "moved", "v": version, "j": _infos(joined), "l": _infos(left)}
        case PresenceDigest(version, infos):
            header = {"k": "digest", "v": version, "a": _infos(infos)}
        case PresenceAsked():
            header = {"k": "ask"}
        case Grown(heads):
            header = {"k": "grown", "h": [(str(list_id), head) for list_id, head in heads]}
        case Hint():
            header = {"k": "hint"}
    header["r"] = replica
    return seal(key, channel, orjson.dumps(header) + b"\n" + data)


def decode(key: bytes, log: LogId, channel: str, payload: bytes) -> tuple[str, BusMessage]:
    """Read a message and its sender back; one without a good MAC is a ``Hint`` of nobody's."""
    body = unseal(key, channel, payload)
    if body is None:
        return "", Hint()
    line, _, data = body.partition(b"\n")
    header = orjson.loads(line)
    return header["r"], _message(header, data, log)


def seal(key: bytes, channel: str, body: bytes) -> bytes:
    """Put version and MAC before ``body``.

    The MAC covers the channel too, so that a message counts nowhere else.
    """
    return _VERSION + _mac(key, channel, body) + body


def unseal(key: bytes, channel: str, payload: bytes) -> bytes | None:
    """Give the body back; None when the MAC is not good."""
    body = payload[_BODY:]
    mac = payload[len(_VERSION) : _BODY]
    good = hmac.compare_digest(mac, _mac(key, channel, body))
    return body if good and payload.startswith(_VERSION) else None


def _message(header: dict[str, Any], data: bytes, log: LogId) -> BusMessage:
    match header["k"]:
        case "entry":
            subject = None if header["s"] is None else UUID(header["s"])
            entry = Entry(log, header["o"], header["t"], subject, data, header["x"])
            return Appended(header["e"], entry)
        case "signal":
            return Signalled(data, ClientInfo(*header["i"]))
        case "moved":
            return PresenceChanged(header["v"], _clients(header["j"]), _clients(header["l"]))
        case "digest":
            return PresenceDigest(header["v"], _clients(header["a"]))
        case "ask":
            return PresenceAsked()
        case "grown":
            return Grown(tuple((UUID(list_id), head) for list_id, head in header["h"]))
        case _:  # a newer replica says something that this one does not know
            return Hint()


def _info(info: ClientInfo) -> list[str]:
    return [info.client, info.user, info.username]


def _infos(infos: Iterable[ClientInfo]) -> list[list[str]]:
    return [_info(info) for info in infos]


def _clients(infos: Iterable[list[str]]) -> tuple[ClientInfo, ...]:
    return tuple(ClientInfo(*info) for info in infos)


def _mac(key: bytes, channel: str, body: bytes) -> bytes:
    return hmac.digest(key, channel.encode() + b"\0" + body, hashlib.sha256)[:_MAC_BYTES]
