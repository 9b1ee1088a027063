"""Write the AsyncAPI 3.0 document of the socket, from the models and tables that the code uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from http_api.body_model import body_model
from http_api.entry_shapes import INBOX_ENTRIES, LIST_ENTRIES, PUBLIC_ENTRIES, entry_type
from http_api.socket_door import SOCKET_PATH
from http_api.socket_shapes import (
    COMMAND_BODIES,
    ClientInfoShape,
    InfoShape,
    SignalShape,
    UnsubscribePush,
)
from http_api.version import version
from realtime import codes
from realtime.limits import Limits
from store.todo.commands import COMMANDS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from http_api.entry_shapes import EntryShape

__all__ = ["asyncapi_document"]

_REFS: Final = "#/components/schemas/{model}"
_INTRODUCTION: Final = """\
The live side of shared todo lists: the Centrifugo client protocol, version 2, in its JSON form.
One text frame holds one message or several, joined by single newlines. Commands of a client carry
an `id` and are answered in order; pushes carry none. `{}` is the server's ping, and the client's
pong.

Follow `list:<id>` for a list's log, `signals:<id>` for who types. `user:<own id>` and `all` come
with the connection. Every publication of a log has an `offset`, one higher than the last; to
resume, subscribe with `recover`, `epoch` and `offset`. The official client SDKs do all of this.
"""
_CHANNELS: Final[Mapping[str, tuple[str, str, tuple[type[EntryShape], ...]]]] = {
    "list": ("list:{list_id}", "A list's log: its entries, for its members.", LIST_ENTRIES),
    "user": ("user:{user_id}", "A user's own log, subscribed at connect.", INBOX_ENTRIES),
    "all": ("all", "The log for everyone, subscribed at connect.", PUBLIC_ENTRIES),
}

Schema = dict[str, Any]


def asyncapi_document(limits: Limits | None = None) -> dict[str, Any]:
    """Build the document; the same code and ``limits`` give the same document."""
    limits = limits or Limits()
    names, schemas = _schemas()
    messages = {**_commands(names), **_rpcs(names), **_pushes(names)}
    heard = [name for name in messages if name.startswith("command.")]
    replies = [name for name in messages if name.startswith("reply.")]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lockstep, the socket",
            "version": version(),
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0"},
        },
        "servers": {
            "replica": {
                "host": "{host}",
                "pathname": SOCKET_PATH,
                "protocol": "wss",
                "description": "Any replica serves any client. Plain `ws` without TLS.",
                "variables": {"host": {"default": "127.0.0.1:8000"}},
            }
        },
        "defaultContentType": "application/json",
        "channels": _channels(messages, heard, replies),
        "operations": _operations(heard, replies),
        "components": {"messages": messages, "schemas": schemas},
        "x-errors": _numbered(codes.ErrorCode),
        "x-unsubscribes": _numbered(codes.UnsubscribeCode),
        "x-closes": _numbered(codes.CloseCode),
        "x-limits": {
            "message_bytes": limits.frame_bytes,
            "message_bytes_before_connect": limits.first_frame_bytes,
            "subscriptions": limits.subscriptions,
            "publications_in_a_reply": limits.page_entries,
            "signal_detail_bytes": limits.signal_detail_bytes,
            "ping_seconds": limits.ping_s,
            "pong_seconds": limits.pong_s,
        },
    }


def _schemas() -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """Describe every model once; give the reference of each, and the descriptions."""
    models: dict[type[BaseModel], None] = {}
    for body, answer in COMMAND_BODIES.values():
        models |= {body: None} if answer is None else {body: None, answer: None}
    for _, _, entries in _CHANNELS.values():
        models |= dict.fromkeys(entries)
    models |= {body_model(kind, ()): None for kind in COMMANDS}
    models |= dict.fromkeys((InfoShape, SignalShape, ClientInfoShape, UnsubscribePush))
    refs, described = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFS
    )
    return {model: refs[model, "validation"] for model in models}, described.get("$defs", {})


def _object(properties: Mapping[str, Schema], required: Iterable[str] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


_ID: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}
_ERROR: Final[Schema] = _object(
    {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "temporary": {"const": True, "description": "Try again; without it, do not."},
    },
    ("code", "message"),
)


def _message(name: str, summary: str, payload: Schema) -> Schema:
    return {"name": name, "title": name, "summary": summary, "payload": payload}


def _command(name: str, body: Schema, *, numbered: bool = True) -> Schema:
    """Describe a command; clients may say more than is named."""
    properties = {"id": _ID, name: body} if numbered else {name: body}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _commands(names: Mapping[type[BaseModel], Schema]) -> dict[str, Schema]:
    made = {}
    for name, (body, answer) in COMMAND_BODIES.items():
        summary = (body.__doc__ or name).strip().splitlines()[0]
        payload = _command(name, names[body], numbered=answer is not None)
        made[f"command.{name}"] = _message(name, summary, payload)
        if answer is not None:
            made[f"reply.{name}"] = _message(
                f"{name} reply",
                (answer.__doc__ or name).strip().splitlines()[0],
                _object({"id": _ID, name: names[answer]}),
            )
    made["command.pong"] = _message("pong", "Answer the server's ping.", _object({}))
    made["reply.error"] = _message(
        "error",
        "Refuse a command; `x-errors` lists the codes.",
        _object({"id": _ID, "error": _ERROR}),
    )
    return made


def _rpcs(names: Mapping[type[BaseModel], Schema]) -> dict[str, Schema]:
    """Describe the rpc of every command that changes something; HTTP has a route for each, too."""
    made = {
        f"command.rpc.{kind}": _message(
            kind,
            (model.__doc__ or kind).strip().splitlines()[0],
            _command(
                "rpc",
                {
                    "type": "object",
                    "properties": {"method": {"const": kind}, "data": names[body_model(kind, ())]},
                    "required": ["method", "data"],
                },
            ),
        )
        for kind, model in COMMANDS.items()
    }
    made["reply.rpc"] = _message(
        "rpc reply",
        "Answer an rpc with the body that its HTTP route answers; a refusal is an error whose code "
        "is the HTTP status.",
        _object({"id": _ID, "rpc": _object({"data": {"type": "object"}})}),
    )
    return made


def _pushes(names: Mapping[type[BaseModel], Schema]) -> dict[str, Schema]:
    made: dict[str, Schema] = {}
    for kind, (address, _, entries) in _CHANNELS.items():
        for entry in entries:
            publication = _object(
                {"data": names[entry], "offset": {"type": "integer", "minimum": 1}}
            )
            made[f"push.{kind}.{entry_type(entry)}"] = _message(
                entry_type(entry),
                (entry.__doc__ or "").strip().splitlines()[0],
                _push(address, "pub", publication),
            )
    signals = "signals:{list_id}"
    signal = _object({"data": names[SignalShape], "info": names[ClientInfoShape]})
    made["push.signals.signal"] = _message(
        "signal", "Someone types, looks, or moves a cursor.", _push(signals, "pub", signal)
    )
    lists = _CHANNELS["list"][0]
    for name, summary in (("join", "A connection came."), ("leave", "A connection went.")):
        made[f"push.list.{name}"] = _message(name, summary, _push(lists, name, names[InfoShape]))
    for kind, address in (("list", lists), ("signals", signals)):
        made[f"push.{kind}.unsubscribe"] = _message(
            "unsubscribe",
            "The server ended the subscription; `x-unsubscribes` lists the codes.",
            _push(address, "unsubscribe", names[UnsubscribePush]),
        )
    made["push.ping"] = _message("ping", "Ask for a pong.", _object({}))
    return made


def _push(address: str, name: str, body: Schema) -> Schema:
    prefix = address.partition("{")[0]
    exactly = "$" if prefix == address else ""
    channel = {"type": "string", "pattern": f"^{prefix}{exactly}"}
    return _object({"push": _object({"channel": channel, name: body})})


def _refs(place: str, names: Iterable[str]) -> list[Schema]:
    return [{"$ref": f"#/{place}/{name}"} for name in names]


def _channels(
    messages: Mapping[str, Schema], heard: list[str], replies: list[str]
) -> dict[str, Schema]:
    def holding(names: Iterable[str]) -> dict[str, Schema]:
        return {name: {"$ref": f"#/components/messages/{name}"} for name in names}

    def pushed(kind: str) -> list[str]:
        return [name for name in messages if name.startswith(f"push.{kind}.")]

    made: dict[str, Schema] = {
        "socket": {
            "address": SOCKET_PATH,
            "description": "The connection itself: commands, their replies, and pings.",
            "messages": holding((*heard, *replies, "push.ping")),
        },
        "signals": {
            "address": "signals:{list_id}",
            "description": "What members of a list do right now; not kept.",
            "parameters": {"list_id": {"description": "The list's id."}},
            "messages": holding(pushed("signals")),
        },
    }
    for kind, (address, summary, _) in _CHANNELS.items():
        made[kind] = {
            "address": address,
            "description": summary,
            "messages": holding(pushed(kind)),
        }
        if "{" in address:
            parameter = address.partition("{")[2].rstrip("}")
            made[kind]["parameters"] = {parameter: {"description": f"The {kind}'s id."}}
    return made


def _operations(heard: list[str], replies: list[str]) -> dict[str, Schema]:
    socket = {"$ref": "#/channels/socket"}
    made: dict[str, Schema] = {
        "command": {
            "action": "receive",
            "channel": socket,
            "summary": "A client asks; commands of one connection are answered in order.",
            "messages": _refs("channels/socket/messages", heard),
            "reply": {
                "channel": socket,
                "messages": _refs("channels/socket/messages", replies),
            },
        },
        "ping": {
            "action": "send",
            "channel": socket,
            "summary": "The server asks whether the client is there.",
            "messages": _refs("channels/socket/messages", ["push.ping"]),
        },
    }
    for kind in (*_CHANNELS, "signals"):
        made[f"push.{kind}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{kind}"},
            "summary": "The server tells whoever subscribed.",
        }
    return made


_Numbered = codes.ErrorCode | codes.UnsubscribeCode | codes.CloseCode


def _numbered(kind: type[_Numbered]) -> list[Schema]:
    """List the codes of one kind, each with its text; ``temporary`` where it is so."""
    found = [value for value in vars(codes).values() if isinstance(value, kind)]
    return [
        {"code": value.code, "message": value.message, "temporary": value.temporary}
        if isinstance(value, codes.ErrorCode)
        else {"code": value.code, "reason": value.reason}
        for value in sorted(found, key=lambda value: value.code)
    ]
