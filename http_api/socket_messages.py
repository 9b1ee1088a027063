"""Describe every message of the socket, from the models and tables that the code uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import models_json_schema

from http_api.body_model import body_model
from http_api.entry_shapes import INBOX_ENTRIES, LIST_ENTRIES, PUBLIC_ENTRIES, entry_type
from http_api.schema_example import example_of
from http_api.socket_shapes import (
    COMMAND_BODIES,
    ClientInfoShape,
    DisconnectPush,
    InfoShape,
    PublicationShape,
    SignalShape,
    UnsubscribePush,
)
from store.todo.commands import COMMANDS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from http_api.entry_shapes import EntryShape

__all__ = ["LOG_CHANNELS", "SIGNALS_ADDRESS", "socket_messages"]

Schema = dict[str, Any]

_REFS: Final = "#/components/schemas/{model}"

LOG_CHANNELS: Final[Mapping[str, tuple[str, str, tuple[type[EntryShape], ...]]]] = {
    "list": ("list:{list_id}", "A list's log: its entries, for its members.", LIST_ENTRIES),
    "user": ("user:{user_id}", "A user's own log, subscribed at connect.", INBOX_ENTRIES),
    "all": ("all", "The log for everyone, subscribed at connect.", PUBLIC_ENTRIES),
}
"""Each kind of log: the address of its channel, what it is, and what it holds."""

SIGNALS_ADDRESS: Final = "signals:{list_id}"


def socket_messages() -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Give the messages by name, and the schemas that they refer to.

    Names begin with ``command.``, ``reply.`` or ``push.<channel>.``; each message has an example.
    """
    names, schemas = _schemas()
    messages = {**_commands(names), **_rpcs(names), **_pushes(names)}
    for message in messages.values():
        message["examples"] = [{"payload": example_of(message["payload"], schemas)}]
    return messages, schemas


def _schemas() -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """Describe every model once; give the reference of each, and the descriptions."""
    models: dict[type[BaseModel], None] = {}
    for body, answer in COMMAND_BODIES.values():
        models |= {body: None} if answer is None else {body: None, answer: None}
    for _, _, entries in LOG_CHANNELS.values():
        models |= dict.fromkeys(entries)
    models |= {body_model(kind, ()): None for kind in COMMANDS}
    models |= dict.fromkeys((InfoShape, SignalShape, ClientInfoShape))
    models |= dict.fromkeys((UnsubscribePush, DisconnectPush))
    refs, described = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REFS
    )
    names = {model: refs[model, "validation"] for model in models}
    schemas: dict[str, Schema] = described["$defs"]
    # The model leaves an entry open, because pydantic would spell a union of 24 by a keyword
    # (`discriminator` as an object) that AsyncAPI does not know.
    entry = schemas[PublicationShape.__name__]["properties"]["data"]
    del entry["additionalProperties"], entry["type"]
    entry["anyOf"] = [names[one] for _, _, held in LOG_CHANNELS.values() for one in held]
    return names, schemas


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
        "Refuse a command; `x-errors` lists the codes, `x-refusals` the words for an rpc.",
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
    for kind, (address, _, entries) in LOG_CHANNELS.items():
        for entry in entries:
            publication = _object(
                {"data": names[entry], "offset": {"type": "integer", "minimum": 1}}
            )
            made[f"push.{kind}.{entry_type(entry)}"] = _message(
                entry_type(entry),
                (entry.__doc__ or "").strip().splitlines()[0],
                _push(address, "pub", publication),
            )
    signal = _object({"data": names[SignalShape], "info": names[ClientInfoShape]})
    made["push.signals.signal"] = _message(
        "signal", "Someone types, looks, or moves a cursor.", _push(SIGNALS_ADDRESS, "pub", signal)
    )
    lists = LOG_CHANNELS["list"][0]
    for name, summary in (("join", "A connection came."), ("leave", "A connection went.")):
        made[f"push.list.{name}"] = _message(name, summary, _push(lists, name, names[InfoShape]))
    for kind, address in (("list", lists), ("signals", SIGNALS_ADDRESS)):
        made[f"push.{kind}.unsubscribe"] = _message(
            "unsubscribe",
            "The server ended the subscription; `x-unsubscribes` lists the codes.",
            _push(address, "unsubscribe", names[UnsubscribePush]),
        )
    made["push.disconnect"] = _message(
        "disconnect",
        "The last line of a stream; `x-closes` lists the codes.",
        _object({"push": _object({"disconnect": names[DisconnectPush]})}),
    )
    made["push.ping"] = _message("ping", "Ask for a pong.", _object({}))
    return made


def _push(address: str, name: str, body: Schema) -> Schema:
    prefix, variable, _ = address.partition("{")
    channel = {
        "type": "string",
        "pattern": f"^{prefix}" if variable else f"^{address}$",
        "examples": [prefix + ("0197f2b2-3c5e-7c60-9d0e-0c6f2f1a7b11" if variable else "")],
    }
    return _object({"push": _object({"channel": channel, name: body})})
