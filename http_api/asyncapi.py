"""Write the AsyncAPI 3.0 document of the socket, from the models and tables that the code uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from http_api.problems import TITLES
from http_api.socket_door import SOCKET_PATH, STREAM_PATH
from http_api.socket_messages import LOG_CHANNELS, SIGNALS_ADDRESS, socket_messages
from http_api.version import version
from realtime import codes
from realtime.encoding_json import JSON
from realtime.limits import Limits

__all__ = ["asyncapi_document"]

_INTRODUCTION: Final = """\
The live side of shared todo lists: the Centrifugo client protocol, version 2, in its JSON form.
One text frame holds one message or several, joined by single newlines. Commands of a client carry
an `id` and are answered in order; pushes carry none. `{}` is the server's ping, and the client's
pong.

Follow `list:<id>` for a list's log, `signals:<id>` for who types. `user:<own id>` and `all` come
with the connection. Every publication of a log has an `offset`, one higher than the last; to
resume, subscribe with `recover`, `epoch` and `offset`. The official client SDKs do all of this.

The codes of errors, ends of subscriptions and closes are listed under `x-errors`, `x-unsubscribes`
and `x-closes`; an rpc is refused with an HTTP status and a word of `x-refusals`.
"""

Schema = dict[str, Any]


def asyncapi_document(limits: Limits | None = None) -> dict[str, Any]:
    """Build the document; the same code and ``limits`` give the same document."""
    limits = limits or Limits()
    messages, schemas = socket_messages()
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
            },
            "stream": {
                "host": "{host}",
                "pathname": STREAM_PATH,
                "protocol": "https",
                "description": (
                    "Where no WebSocket comes through: POST `connect` here; the lines of the "
                    "answer are the server's messages. Further commands go by POST /emulation."
                ),
                "variables": {"host": {"default": "127.0.0.1:8000"}},
            },
        },
        "defaultContentType": "application/json",
        "channels": _channels(messages, heard, replies),
        "operations": _operations(heard, replies),
        "components": {"messages": messages, "schemas": schemas},
        "x-errors": _numbered(codes.ErrorCode),
        "x-refusals": TITLES,
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


def _handshake() -> Schema:
    """Describe the one header field that matters; without it a client gets JSON, too."""
    subprotocol = {"type": "string", "const": JSON.subprotocol}
    return {"type": "object", "properties": {"Sec-WebSocket-Protocol": subprotocol}}


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
            "address": None,  # the server's own: nothing is added to its path
            "description": "The connection itself: commands, their replies, and pings.",
            "messages": holding((*heard, *replies, "push.ping", "push.disconnect")),
            "bindings": {"ws": {"method": "GET", "headers": _handshake()}},
        },
        "signals": {
            "address": SIGNALS_ADDRESS,
            "description": "What members of a list do right now; not kept.",
            "parameters": {"list_id": {"description": "The list's id."}},
            "messages": holding(pushed("signals")),
        },
    }
    for kind, (address, summary, _) in LOG_CHANNELS.items():
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
        "disconnect": {
            "action": "send",
            "channel": socket,
            "summary": "The server says why it ends a stream; to a WebSocket the close frame does.",
            "messages": _refs("channels/socket/messages", ["push.disconnect"]),
        },
    }
    for kind in (*LOG_CHANNELS, "signals"):
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
