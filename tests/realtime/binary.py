"""Speak the protocol's binary form with the schema that the official Python SDK brings.

Messages are dictionaries as in JSON: what is JSON inside of bytes is read and spelled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from centrifuge.protocol import client_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.internal.decoder import _DecodeVarint32  # type: ignore[attr-defined]
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[attr-defined]

__all__ = ["SDK", "commands", "prefixed", "replies", "without_zeros"]

SDK = client_pb2


def prefixed(message: bytes) -> bytes:
    """Put a message's length before it."""
    return bytes(_VarintBytes(len(message))) + message


def commands(*said: Mapping[str, Any]) -> bytes:
    """Spell commands as one frame."""
    spelled = []
    for one in said:
        command = SDK.Command()
        _fill(command, one)
        spelled.append(prefixed(command.SerializeToString()))
    return b"".join(spelled)


def replies(frame: bytes) -> list[dict[str, Any]]:
    """Read all messages of a frame of the server; those of no bytes are pings."""
    found, at = [], 0
    while at < len(frame):
        size, at = _DecodeVarint32(frame, at)
        assert at + size <= len(frame)
        found.append(_read(SDK.Reply.FromString(frame[at : at + size])))
        at += size
    return found


def without_zeros(message: Any) -> Any:
    """Leave out of a JSON message what the binary form does not write: false, 0, "", [].

    An empty map is not written either; an empty reply is.
    """
    if not isinstance(message, dict):
        return message
    return {
        key: value if key in {"data", "conn_info"} else _without_zeros_in(value)
        for key, value in message.items()
        if value or key in {"data", "conn_info"} or (value == {} and "id" in message)
    }


def _without_zeros_in(value: Any) -> Any:
    if isinstance(value, list):
        return [without_zeros(one) for one in value]
    return without_zeros(value)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _fill(message: Any, said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if _is_map(field):
            for key, one in value.items():
                target = getattr(message, name)[key]
                target.SetInParent()
                _fill(target, one)
        elif field.message_type is not None:
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)
        elif field.type == field.TYPE_BYTES:
            setattr(
                message, name, value if isinstance(value, bytes) else json.dumps(value).encode()
            )
        else:
            setattr(message, name, value)


def _read(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        if _is_map(field):
            found[field.name] = {key: _read(one) for key, one in value.items()}
        elif field.message_type is None:
            found[field.name] = json.loads(value) if field.type == field.TYPE_BYTES else value
        elif field.is_repeated:
            found[field.name] = [_read(one) for one in value]
        else:
            found[field.name] = _read(value)
    return found
