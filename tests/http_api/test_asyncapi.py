"""The AsyncAPI document is valid, complete, and what the socket really says."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from http_api.asyncapi import asyncapi_document
from http_api.housekeeping import TRASH_LIFE, Housekeeping
from http_api.socket_shapes import COMMAND_BODIES, SignalShape
from realtime import protocol, signals
from realtime.clock import SystemClock
from store.todo.commands import COMMANDS
from tests.docs.pages import ROOT, blocks, page
from tests.http_api.conversation import Message, Speaker, converse
from tests.http_api.service import Service, Someone, fresh
from tests.http_api.socket_client import SocketClient
from tests.realtime.asgi_client import AsgiClient
from tests.servers.missing import missing
from tests.servers.person import Person
from tests.servers.replica import Replica

_SPECS = ROOT / "tests/node/node_modules/@asyncapi/specs/schemas/3.0.0.json"
_DOCUMENT = json.loads(json.dumps(asyncapi_document()))
_MESSAGES = _DOCUMENT["components"]["messages"]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:doc", Resource.from_contents({"$schema": _DIALECT, **_DOCUMENT})
)


def _faults(name: str, message: Message) -> list[str]:
    """Say why ``message`` is not what the document tells of the message ``name``."""
    if name not in _MESSAGES:
        return [f"{name} is not in the document: {message}"]
    schema = {"$ref": f"urn:doc#/components/messages/{name}/payload"}
    checker = Draft202012Validator(schema, registry=_REGISTRY, format_checker=FormatChecker())
    return [f"{name}: {error.message}" for error in checker.iter_errors(message)]


def _name(message: Message) -> str:
    """Name the message of the document that the server's ``message`` must be."""
    if not message:
        return "push.ping"
    if "push" not in message:
        (kind,) = message.keys() - {"id"}
        return f"reply.{kind}"
    push = message["push"]
    if "disconnect" in push:
        return "push.disconnect"
    channel = push["channel"].partition(":")[0]
    (kind,) = push.keys() - {"channel"}
    if kind == "pub":
        kind = "signal" if channel == "signals" else push["pub"]["data"]["type"]
    return f"push.{channel}.{kind}"


def _asked(message: Message) -> str:
    """Name the message of the document that the client's ``message`` must be."""
    (kind,) = message.keys() - {"id"}
    return f"command.rpc.{message['rpc']['method']}" if kind == "rpc" else f"command.{kind}"


def _entry_types() -> set[str]:
    """Collect the types of all entries that the code makes."""
    return {
        str(node.args[0].value)
        for path in (ROOT / "store").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "entry"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def _golden(path: Path) -> list[Message]:
    """Collect the frames that a test holds the encoding to, byte by byte."""
    found = [
        node.value.replace(b"%b", b"list:L")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes)
    ]
    return [json.loads(text) for text in found if text.startswith((b'{"id"', b'{"push"'))]


def _whole(value: Any) -> Any:
    """Complete the ids and the entries that a frame abbreviates to letters and types."""
    if value in ("L", "T"):
        return fresh()
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"type"} and f"push.list.{value['type']}" in _MESSAGES:
        [example] = _MESSAGES[f"push.list.{value['type']}"]["examples"]
        return example["payload"]["push"]["pub"]["data"]
    return {name: _whole(one) for name, one in value.items()}


def test_it_is_a_valid_document() -> None:
    """By the schema of AsyncAPI 3.0 itself."""
    if not _SPECS.is_file():
        missing("the Node packages of the tests (npm ci in tests/node)")
    errors = Draft7Validator(json.loads(_SPECS.read_text())).iter_errors(_DOCUMENT)
    assert [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors] == []


def test_every_reference_leads_somewhere() -> None:
    """No message, schema or channel is named that is not there."""
    references = re.findall(r'"\$ref": ?"#([^"]+)"', json.dumps(_DOCUMENT))
    assert len(references) > 100
    for reference in references:
        found: Any = _DOCUMENT
        for part in reference.strip("/").split("/"):
            found = found[part]
        assert found


def test_every_command_and_entry_is_in_it_and_nothing_else() -> None:
    """What the code reads, carries out and writes is what the document tells."""
    commands = {name.removeprefix("command.") for name in _MESSAGES if name.startswith("command.")}
    plain = {name for name in commands if not name.startswith("rpc.")}
    assert {name.removeprefix("rpc.") for name in commands - plain} == set(COMMANDS)
    assert plain == set(COMMAND_BODIES) | {"pong"}
    # Of sub_refresh the only answer is an error.
    assert set(COMMAND_BODIES) == set(protocol._READERS) - {"rpc", "sub_refresh"}
    logs = ("push.list.", "push.user.", "push.all.")
    told = {_MESSAGES[name]["name"] for name in _MESSAGES if name.startswith(logs)}
    assert told - {"join", "leave", "unsubscribe"} == _entry_types()


def test_a_signal_is_what_the_server_reads_as_one() -> None:
    """The same fields, and the same types of signals."""
    told, read = SignalShape.model_json_schema(), signals._Signal.model_json_schema()
    assert told["properties"].keys() == read["properties"].keys()
    assert told["properties"]["type"]["enum"] == read["properties"]["type"]["enum"]


@pytest.mark.parametrize("name", _MESSAGES)
def test_every_message_has_an_example_that_is_one(name: str) -> None:
    """A client's author may copy it."""
    [example] = _MESSAGES[name]["examples"]
    assert _faults(name, example["payload"]) == []


def test_every_golden_frame_is_described() -> None:
    """What the encoding is held to, and what the page about the protocol shows."""
    golden = _golden(ROOT / "tests/realtime/test_golden_frames.py")
    assert len(golden) > 15
    for frame in map(_whole, golden):
        assert _faults(_name(frame), frame) == []
    shown = [json.loads(block) for block in blocks(page("docs/protocol.md"), "json")]
    assert len(shown) > 15
    for frame in map(_whole, shown):
        heard = _faults(_name(frame), frame)
        assert not heard or not _faults(_asked(frame), frame), heard


async def test_it_is_served_and_need_not_be_loaded_twice(embedded: Service) -> None:
    """With a tag, like the other reference, whose page leads to it."""
    answer = await embedded.http.get("/asyncapi.json")
    assert answer.json() == _DOCUMENT
    again = await embedded.http.get(
        "/asyncapi.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert 'href="/asyncapi.json"' in (await embedded.http.get("/docs")).text


async def test_every_message_of_a_conversation_is_described(
    service: Service, ann: Someone, bob: Someone
) -> None:
    """Every command, entry, signal and push, and many errors: nothing else is said."""
    await service.services.identity.accounts.set_admin(ann.username, is_admin=True)
    replica, store = service.services.replica, service.services.store
    speakers = [
        Speaker(await AsgiClient(replica).open(), one.username, one.token) for one in (ann, bob)
    ]

    async def invite(list_id: str) -> str:
        made = await ann.done("POST", f"/lists/{list_id}/invites", {"role": "editor"})
        return str(made["token"])

    async def purge(todo_id: str) -> None:
        now = store.now
        store.now = lambda: now() - TRASH_LIFE * 1.1
        await speakers[0].rpc("todo.delete", todo_id=todo_id)
        store.now = now
        assert await Housekeeping(store, replica.announce, SystemClock()).once() >= 1

    await converse(*speakers, invite=invite, purge=purge)
    assert await _judge(speakers) == _entry_types()


async def test_every_message_of_a_real_socket_is_described(replica: Replica) -> None:
    """The same between processes; only the end of the trash takes a month there."""
    ann, bob = await Person.register(replica), await Person.register(replica, "bob")
    await replica.administer("user", "set-admin", ann.username)
    speakers = [
        Speaker(await SocketClient.open(replica.websocket), one.username, one.access_token)
        for one in (ann, bob)
    ]

    async def invite(list_id: str) -> str:
        made = await ann.call("POST", f"/lists/{list_id}/invites", {"role": "editor"})
        return str(made["token"])

    await converse(*speakers, invite=invite, purge=None)
    assert await _judge(speakers) == _entry_types() - {"todo.purged"}


async def _judge(speakers: list[Speaker]) -> set[str]:
    """Hang up; hold all that was said and heard to the document. Gives the entries' types."""
    said = [message for one in speakers for message in one.said]
    assert [_faults(_asked(message), message) for message in said] == [[]] * len(said)
    assert {_asked(message) for message in said} >= {f"command.rpc.{kind}" for kind in COMMANDS}
    for one in speakers:
        await one.client.close()
    heard = [message for one in speakers for message in one.client.messages]
    assert [_faults(_name(message), message) for message in heard] == [[]] * len(heard)
    names = {_name(message) for message in heard}
    assert {name for name in _MESSAGES if name.startswith(("reply.", "push."))} - names <= {
        "push.ping",  # after 25 s
        "push.disconnect",  # on streams only
        "push.list.list.created",  # before anyone can follow the list: in replies only
        "push.list.todo.purged",
    }
    _judge_codes(heard)
    return {entry["type"] for entry in _entries(heard)}


def _entries(heard: list[Message]) -> Iterator[Message]:
    """Give the entries in pushes and in replies."""
    for message in heard:
        if "offset" in (pushed := message.get("push", {}).get("pub", {})):
            yield pushed["data"]
        for reply in (message.get("subscribe", {}), message.get("history", {})):
            yield from (publication["data"] for publication in reply.get("publications", ()))


def _judge_codes(heard: list[Message]) -> None:
    """Find every error and every end of a subscription in the document's lists."""
    errors = {json.dumps(one["error"]) for one in heard if "error" in one}
    assert len(errors) >= 8
    known = {(one["code"], one["message"], one["temporary"]) for one in _DOCUMENT["x-errors"]}
    for error in map(json.loads, errors):
        told = (error["code"], error["message"], error.get("temporary", False))
        assert told in known or (
            error["code"] >= 400 and error["message"] in _DOCUMENT["x-refusals"]
        )
    ends = [one["push"]["unsubscribe"] for one in heard if "unsubscribe" in one.get("push", {})]
    assert ends
    assert all(end in _DOCUMENT["x-unsubscribes"] for end in ends)
