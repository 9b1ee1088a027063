"""Describe the messages of the protocol's binary form: Centrifugo client protocol, version 2.

Names and numbers are those of the published schema (github.com/centrifugal/protocol,
definitions/client.proto), as far as this server reads or writes them. Whatever else a client sends
is an unknown field, which the format skips. A test compares the table with an official SDK's.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MessageOptions,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["MESSAGES", "Command", "Reply"]

PACKAGE: Final = "centrifugal.centrifuge.protocol"

# Fields as "number name type": a scalar, one of these messages, `*Message` for any number of them,
# or `@Message` for a map from strings to them.
MESSAGES: Final = {
    "Command": (
        "1 id uint32, 4 connect ConnectRequest, 5 subscribe SubscribeRequest,"
        "6 unsubscribe UnsubscribeRequest, 7 publish PublishRequest, 8 presence PresenceRequest,"
        "9 presence_stats PresenceStatsRequest, 10 history HistoryRequest, 11 ping PingRequest,"
        "12 send SendRequest, 13 rpc RPCRequest, 14 refresh RefreshRequest,"
        "15 sub_refresh SubRefreshRequest"
    ),
    "ConnectRequest": "1 token string, 3 subs @SubscribeRequest",
    "SubscribeRequest": (
        "1 channel string, 3 recover bool, 6 epoch string, 7 offset uint64, 11 join_leave bool,"
        "13 tf FilterNode, 14 flag int64, 15 type int32"
    ),
    "FilterNode": "",
    "UnsubscribeRequest": "1 channel string",
    "PublishRequest": "1 channel string, 2 data bytes",
    "PresenceRequest": "1 channel string",
    "PresenceStatsRequest": "1 channel string",
    "HistoryRequest": "1 channel string, 7 limit int32, 8 since StreamPosition, 9 reverse bool",
    "StreamPosition": "1 offset uint64, 2 epoch string",
    "PingRequest": "",
    "SendRequest": "",
    "RPCRequest": "1 data bytes, 2 method string",
    "RefreshRequest": "1 token string",
    "SubRefreshRequest": "",
    "Reply": (
        "1 id uint32, 2 error Error, 4 push Push, 5 connect ConnectResult,"
        "6 subscribe SubscribeResult, 7 unsubscribe UnsubscribeResult, 8 publish PublishResult,"
        "9 presence PresenceResult, 10 presence_stats PresenceStatsResult,"
        "11 history HistoryResult, 12 ping PingResult, 13 rpc RPCResult, 14 refresh RefreshResult"
    ),
    "Error": "1 code uint32, 2 message string, 3 temporary bool",
    "Push": (
        "2 channel string, 4 pub Publication, 5 join Join, 6 leave Leave, 7 unsubscribe Unsubscribe"
    ),
    "Publication": "4 data bytes, 5 info ClientInfo, 6 offset uint64",
    "ClientInfo": "1 user string, 2 client string, 3 conn_info bytes",
    "Join": "1 info ClientInfo",
    "Leave": "1 info ClientInfo",
    "Unsubscribe": "2 code uint32, 3 reason string",
    "ConnectResult": (
        "1 client string, 2 version string, 3 expires bool, 4 ttl uint32, 6 subs @SubscribeResult,"
        "7 ping uint32, 8 pong bool, 9 session string, 10 node string"
    ),
    "SubscribeResult": (
        "3 recoverable bool, 6 epoch string, 7 publications *Publication, 8 recovered bool,"
        "9 offset uint64, 10 positioned bool, 12 was_recovering bool"
    ),
    "UnsubscribeResult": "",
    "PublishResult": "",
    "PresenceResult": "1 presence @ClientInfo",
    "PresenceStatsResult": "1 num_clients uint32, 2 num_users uint32",
    "HistoryResult": "1 publications *Publication, 2 epoch string, 3 offset uint64",
    "PingResult": "",
    "RPCResult": "1 data bytes",
    "RefreshResult": "3 expires bool, 4 ttl uint32",
}

_Field = FieldDescriptorProto
_SCALARS: Final = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "string": _Field.TYPE_STRING,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
}


def _add_field(message: DescriptorProto, number: int, name: str, kind: str) -> None:
    field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
        return
    field.type = _Field.TYPE_MESSAGE
    field.type_name = f".{PACKAGE}.{kind.lstrip('*@')}"
    if kind[0] in "*@":
        field.label = _Field.LABEL_REPEATED
    if kind[0] == "@":
        # A map is a repeated message of key and value, named so by rule.
        entry = message.nested_type.add(
            name=f"{name.title().replace('_', '')}Entry", options=MessageOptions(map_entry=True)
        )
        _add_field(entry, 1, "key", "string")
        _add_field(entry, 2, "value", kind[1:])
        field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"


def _pool() -> DescriptorPool:
    file = FileDescriptorProto(name="lockstep.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in filter(None, fields.split(",")):
            number, field_name, kind = field.split()
            _add_field(message, int(number), field_name, kind)
    pool = DescriptorPool()  # our own: an SDK in the same process registers the same names
    pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL: Final = _pool()


def _message(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


Command: Final = _message("Command")
Reply: Final = _message("Reply")
