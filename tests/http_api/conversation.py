"""Two people say everything that can be said over the socket, and keep all that they hear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.http_api.service import fresh

Message = dict[str, Any]
Invite = Callable[[str], Awaitable[str]]
Purge = Callable[[str], Awaitable[None]]


class Client(Protocol):
    """Be a socket to a replica."""

    @property
    def messages(self) -> list[Message]:
        """Give what nobody has taken yet."""

    async def call(self, name: str, **body: Any) -> Message:
        """Send one command; take its whole reply out."""

    async def take(self, wanted: Any) -> Message:
        """Wait for a message, and take it out."""

    async def close(self) -> None:
        """Hang up."""


@dataclass
class Speaker:
    """Hold one person's socket and the commands that the server carried out for them."""

    client: Client
    username: str
    token: str
    said: list[Message] = field(default_factory=list)

    async def ask(self, name: str, **body: Any) -> Message:
        """Say a command; the reply stays among what was heard."""
        reply = await self.client.call(name, **body)
        if "error" not in reply:
            self.said.append({"id": 1, name: body})
        self.client.messages.append(reply)
        return reply

    async def rpc(self, kind: str, **data: Any) -> Message:
        """Have a command carried out; gives its answer. It must not be refused."""
        reply = await self.ask("rpc", method=kind, data={"op": fresh(), **data})
        answer: Message = reply["rpc"]["data"]
        return answer

    async def refused(self, kind: str, **data: Any) -> None:
        """Say a command that must be refused."""
        reply = await self.ask("rpc", method=kind, data={"op": fresh(), **data})
        assert "error" in reply, reply

    async def hear(self, kind: str, what: str = "pub", entry: str | None = None) -> None:
        """Wait for a push on a channel of this kind; it stays among what was heard."""

        def wanted(message: Message) -> bool:
            push = message.get("push", {"channel": ""})
            if push["channel"].partition(":")[0] != kind or what not in push:
                return False
            return entry is None or push[what]["data"]["type"] == entry

        self.client.messages.append(await self.client.take(wanted))


async def converse(ann: Speaker, bob: Speaker, *, invite: Invite, purge: Purge | None) -> None:
    """Use every command, and cause every entry, signal and push; ann is an administrator.

    ``invite`` makes an invitation of ann's to a list and gives its token. ``purge`` deletes a todo
    and empties the trash of it; None: nobody can, and there is no ``todo.purged``.
    """
    for one in (ann, bob):
        await one.ask("connect", token=one.token)
    made = await ann.rpc("list.create", title="Shopping")
    list_id = made["list"]["id"]
    await ann.rpc("member.set", list_id=list_id, username=bob.username, role="editor")
    channel, signals = f"list:{list_id}", f"signals:{list_id}"
    for one in (ann, bob):
        await one.ask("subscribe", channel=channel)
        await one.ask("unsubscribe", channel=channel)
        await one.ask("subscribe", channel=channel, join_leave=True, recover=True, offset=0)
        await one.ask("subscribe", channel=signals)
    await ann.hear("list", "join")
    await _write(ann, bob, list_id)
    if purge is not None:
        todo = await ann.rpc("todo.create", list_id=list_id, title="bread")
        await purge(todo["todo"]["id"])
        await ann.hear("list", entry="todo.purged")
    await _look(ann, list_id)
    await _err(ann, list_id)
    await ann.rpc("member.remove", list_id=list_id, username=bob.username)
    await bob.hear("list", "unsubscribe")
    await bob.hear("signals", "unsubscribe")
    await ann.hear("list", "leave")
    await bob.rpc("invite.accept", token=await invite(list_id))
    await ann.rpc("list.delete", list_id=list_id)
    await ann.hear("list", "unsubscribe")
    for entry in ("list.joined", "list.left", "message.received", "messages.read"):
        await bob.hear("user", entry=entry)
    await ann.hear("all", entry="broadcast.posted")
    await ann.hear("signals", entry="typing")


async def _write(ann: Speaker, bob: Speaker, list_id: str) -> None:
    """Change a list in every way that leaves both in it, and write to each other."""
    one, two = fresh(), fresh()
    full = {
        "notes": "two litres",
        "priority": "high",
        "due_at": "2030-01-01T00:00:00Z",
        "estimate_min": 5,
        "labels": ["food"],
        "assignees": [bob.username],
    }
    await ann.rpc("todo.create", list_id=list_id, id=one, title="milk", **full)
    await ann.rpc("todo.create", list_id=list_id, id=two, title="eggs", blocked_by=[one])
    await ann.rpc("list.update", list_id=list_id, changes={"title": "Groceries"})
    await ann.rpc("member.set", list_id=list_id, username=bob.username, role="viewer")
    await ann.rpc("member.set", list_id=list_id, username=bob.username, role="editor")
    seen = await bob.rpc("todo.update", todo_id=one, changes={"title": "oat", "completed": True})
    await ann.rpc("todo.update", todo_id=one, changes={"title": "soy"}, base=seen["offset"] - 1)
    await ann.rpc("todo.update", todo_id=one, changes={"completed": False, "due_at": None})
    await ann.rpc("todo.move", todo_id=two, after=None)
    await ann.rpc("todo.add_label", todo_id=one, label="drinks")
    await ann.rpc("todo.remove_label", todo_id=one, label="drinks")
    await ann.rpc("todo.unassign", todo_id=one, username=bob.username)
    await ann.rpc("todo.assign", todo_id=one, username=bob.username)
    await ann.rpc("todo.unblock", todo_id=two, by=one)
    await ann.rpc("todo.block", todo_id=one, by=two)
    await ann.rpc("todo.delete", todo_id=two)
    await ann.rpc("todo.restore", todo_id=two)
    await ann.rpc("message.post", list_id=list_id, text="hello")
    await ann.rpc("message.send", to=bob.username, text="hello")
    await bob.rpc("messages.read", up_to=1)
    await ann.rpc("broadcast.post", text="maintenance at noon")
    signal = {"type": "typing", "todo_id": one, "detail": {"field": "notes"}}
    await bob.ask("publish", channel=f"signals:{list_id}", data=signal)


async def _look(ann: Speaker, list_id: str) -> None:
    """Ask for everything that changes nothing."""
    channel = f"list:{list_id}"
    await ann.ask("history", channel=channel)
    await ann.ask("history", channel=channel, limit=500)
    await ann.ask("history", channel=channel, limit=2, reverse=True)
    await ann.ask("presence", channel=channel)
    await ann.ask("presence_stats", channel=channel)
    await ann.ask("refresh", token=ann.token)
    await ann.ask("ping")


async def _err(ann: Speaker, list_id: str) -> None:
    """Ask for what is refused, in as many ways as there are words for it."""
    channel = f"list:{list_id}"
    await ann.ask("subscribe", channel=f"list:{fresh()}")
    await ann.ask("subscribe", channel="nonsense")
    await ann.ask("subscribe", channel=channel)
    await ann.ask("subscribe", channel=f"list:{fresh()}", type=1)
    await ann.ask("subscribe", channel=f"list:{fresh()}", tf={})
    await ann.ask("history", channel=channel, since={"epoch": "_", "offset": 1}, limit=1)
    await ann.ask("publish", channel=f"signals:{list_id}", data={"type": "shouting"})
    await ann.refused("todo.invent", list_id=list_id)
    await ann.refused("todo.create", list_id=list_id, title="")
    await ann.refused("todo.delete", todo_id=fresh())
    await ann.refused("member.remove", list_id=list_id, username=ann.username)
    await ann.refused("invite.accept", token="nonsense")
