"""The AsyncAPI document is valid, complete, and what the socket really says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from http_api.asyncapi import asyncapi_document
from http_api.entry_shapes import INBOX_ENTRIES, LIST_ENTRIES, PUBLIC_ENTRIES, entry_type
from store.todo.commands import COMMANDS
from tests.http_api.service import Service, Someone, fresh
from tests.realtime.asgi_client import AsgiClient
from tests.servers.missing import missing

_SPECS = Path(__file__).parents[1] / "node/node_modules/@asyncapi/specs/schemas/3.0.0.json"
_DOCUMENT = asyncapi_document()
_KINDS = {entry_type(shape) for shape in (*LIST_ENTRIES, *INBOX_ENTRIES, *PUBLIC_ENTRIES)}


def _validator(names: list[str], part: str = "payload") -> Draft202012Validator:
    """Accept what fits one of the messages, or ``part`` of one."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    document: Resource[Any] = Resource.from_contents({"$schema": dialect, **_DOCUMENT})
    registry: Registry[Any] = Registry().with_resource("urn:doc", document)
    refs = [{"$ref": f"urn:doc#/components/messages/{name}/{part}"} for name in names]
    return Draft202012Validator({"anyOf": refs}, registry=registry, format_checker=FormatChecker())


def _named(prefix: str) -> list[str]:
    return [name for name in _DOCUMENT["components"]["messages"] if name.startswith(prefix)]


_SAID = _validator([*_named("reply."), *_named("push.")])
_HEARD = _validator(_named("command."))
_ENTRY = _validator(
    [name for name in _named("push.") if name.rpartition("push.")[2].partition(".")[2] in _KINDS],
    "payload/properties/push/properties/pub/properties/data",
)


def test_it_is_a_valid_document() -> None:
    """By the schema of AsyncAPI 3.0 itself."""
    if not _SPECS.is_file():
        missing("the Node packages of the tests (npm ci in tests/node)")
    errors = Draft7Validator(json.loads(_SPECS.read_text())).iter_errors(_DOCUMENT)
    assert [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors] == []


def test_every_reference_leads_somewhere() -> None:
    """No message, schema or channel is named that is not there."""
    for reference in re.findall(r'"\$ref": ?"#([^"]+)"', json.dumps(_DOCUMENT)):
        found: Any = _DOCUMENT
        for part in reference.strip("/").split("/"):
            found = found[part]
        assert found


def test_every_command_and_entry_is_in_it_and_nothing_else() -> None:
    """What the code knows is what the document tells."""
    assert {name.removeprefix("command.rpc.") for name in _named("command.rpc.")} == set(COMMANDS)
    told = {
        message["name"]
        for name, message in _DOCUMENT["components"]["messages"].items()
        if name.startswith(("push.list.", "push.user.", "push.all."))
    }
    assert told - {"join", "leave", "unsubscribe"} == _KINDS


async def test_it_is_served_and_need_not_be_loaded_twice(embedded: Service) -> None:
    """With a tag, like the other reference."""
    answer = await embedded.http.get("/asyncapi.json")
    assert answer.json() == json.loads(json.dumps(_DOCUMENT))
    again = await embedded.http.get(
        "/asyncapi.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_every_message_of_a_conversation_is_described(embedded: Service) -> None:
    """Commands, entries, signals, presence, joins, leaves, errors: nothing else is said."""
    ann, bob = await embedded.register("ann"), await embedded.register("bob")
    talk = await _Talk.begin(embedded, ann, bob)
    lists = talk.list_id
    todos = [fresh() for _ in range(3)]
    for todo in todos:
        await talk.rpc("todo.create", list_id=lists, id=todo, title="milk", labels=["food"])
    one, two, _ = todos
    await talk.rpc("list.update", list_id=lists, changes={"title": "Groceries"})
    await talk.rpc("member.set", list_id=lists, username=bob.username, role="viewer")
    await talk.rpc("member.set", list_id=lists, username=bob.username, role="editor")
    await talk.rpc("todo.update", todo_id=one, changes={"title": "oat milk", "completed": True})
    await talk.rpc("todo.update", todo_id=one, changes={"completed": False}, at=talk.bob)
    await talk.rpc("todo.update", todo_id=one, changes={"title": "soy milk"}, base=3)
    await talk.rpc("todo.move", todo_id=two, after=None)
    await talk.rpc("todo.add_label", todo_id=one, label="drinks")
    await talk.rpc("todo.remove_label", todo_id=one, label="drinks")
    await talk.rpc("todo.assign", todo_id=one, username=bob.username)
    await talk.rpc("todo.unassign", todo_id=one, username=bob.username)
    await talk.rpc("todo.block", todo_id=one, by=two)
    await talk.rpc("todo.unblock", todo_id=one, by=two)
    await talk.rpc("todo.delete", todo_id=two)
    await talk.rpc("todo.restore", todo_id=two)
    await talk.rpc("message.post", list_id=lists, text="hello")
    await talk.rpc("message.send", to=bob.username, text="hello")
    await talk.rpc("messages.read", up_to=1, at=talk.bob)
    await talk.ask("publish", channel=f"signals:{lists}", data={"type": "typing", "todo_id": one})
    await talk.ask("history", channel=f"list:{lists}")
    await talk.ask("history", channel=f"list:{lists}", limit=3)
    await talk.ask("history", channel=f"list:{lists}", limit=2, reverse=True)
    await talk.ask("presence", channel=f"list:{lists}")
    await talk.ask("presence_stats", channel=f"list:{lists}")
    await talk.ask("refresh", token=ann.token)
    await talk.ask("ping")
    await talk.ask("subscribe", channel=f"list:{fresh()}")
    await talk.ask("subscribe", channel="nonsense")
    await talk.rpc("todo.create", list_id=lists, title="")
    await talk.rpc("member.remove", list_id=lists, username=bob.username)
    await talk.rpc("list.delete", list_id=lists)
    said = await talk.end()

    assert [one for one in said if not _SAID.is_valid(one)] == []
    entries = [*_entries(said)]
    assert [entry for entry in entries if not _ENTRY.is_valid(entry)] == []
    # An administrator's broadcast and the end of the trash are not part of this.
    assert _KINDS - {entry["type"] for entry in entries} <= {"broadcast.posted", "todo.purged"}
    kinds = {kind for push in _pushes(said) for kind in push if kind != "channel"}
    assert kinds >= {"pub", "join", "leave", "unsubscribe"}


def _entries(said: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the entries in pushes and in replies."""
    for push in _pushes(said):
        if "offset" in push.get("pub", {}):
            yield push["pub"]["data"]
    for message in said:
        for reply in (message.get("subscribe", {}), message.get("history", {})):
            yield from (publication["data"] for publication in reply.get("publications", ()))


def _pushes(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["push"] for message in said if "push" in message]


class _Talk:
    """Hold two people's sockets, what they say, and everything they hear."""

    def __init__(self, ann: AsgiClient, bob: AsgiClient, list_id: str) -> None:
        self.ann = ann
        self.bob = bob
        self.list_id = list_id

    @classmethod
    async def begin(cls, service: Service, ann: Someone, bob: Someone) -> _Talk:
        """Connect both, and follow a list of both and its signals."""
        replica = service.services.replica
        talk = cls(await AsgiClient(replica).open(), await AsgiClient(replica).open(), "")
        for client, person in ((talk.ann, ann), (talk.bob, bob)):
            await talk.ask("connect", at=client, token=person.token)
        made = await talk.rpc("list.create", title="Shopping")
        talk.list_id = made["rpc"]["data"]["list"]["id"]
        await talk.rpc("member.set", list_id=talk.list_id, username=bob.username, role="editor")
        for client in (talk.ann, talk.bob):
            channel = f"list:{talk.list_id}"
            await talk.ask("subscribe", at=client, channel=channel, join_leave=True)
            await talk.ask("unsubscribe", at=client, channel=channel)
            await talk.ask(
                "subscribe", at=client, channel=channel, join_leave=True, recover=True, offset=0
            )
            await talk.ask("subscribe", at=client, channel=f"signals:{talk.list_id}")
        return talk

    async def ask(self, name: str, *, at: AsgiClient | None = None, **body: Any) -> dict[str, Any]:
        """Say a command that the document describes; the reply stays among what was heard."""
        client = at or self.ann
        assert _HEARD.is_valid({"id": 1, name: body}), (name, body)
        reply = await client.call(name, **body)
        client.messages.append(reply)
        return reply

    async def rpc(self, kind: str, *, at: AsgiClient | None = None, **data: Any) -> dict[str, Any]:
        """Carry a command out."""
        client = at or self.ann
        body = {"method": kind, "data": {"op": fresh(), **data}}
        reply = await client.call("rpc", **body)
        if "error" not in reply:
            assert _HEARD.is_valid({"id": 1, "rpc": body}), body
        client.messages.append(reply)
        return reply

    async def end(self) -> list[dict[str, Any]]:
        """Hang up; give all that was heard."""
        for client in (self.ann, self.bob):
            await client.call("ping")
            await client.close()
        return [*self.ann.messages, *self.bob.messages]
