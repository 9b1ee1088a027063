"""`lockstep watch` as a process of its own, against a service as a process of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers.deadline import eventually
from tests.servers.fixtures import StartReplica
from tests.servers.person import PASSWORD, Person
from tests.servers.process import Process
from tests.servers.replica import Replica, environment, lockstep
from tests.servers.run import Run
from tests.servers.terminal import Terminal

_CHANGE = re.compile(r"^ *(\d+) \d\d:\d\d:\d\d (.*)$", re.MULTILINE)
_NEWS = re.compile(r"^-- (.*)$", re.MULTILINE)


class Watch:
    """Hold a running `lockstep watch --plain` and read its lines."""

    def __init__(self, process: Process, seen: Path) -> None:
        self.process, self.seen = process, seen

    @property
    def changes(self) -> list[tuple[int, str]]:
        """The changes shown so far: offset and sentence."""
        return [(int(offset), text) for offset, text in _CHANGE.findall(self.process.log())]

    @property
    def news(self) -> list[str]:
        """What was said about the connection and the people so far."""
        return _NEWS.findall(self.process.log())

    async def shows(self, text: str) -> None:
        """Wait until ``text`` was written."""
        try:
            await eventually(lambda: text in self.process.log(), text, within_s=30.0)
        except TimeoutError as error:
            message = f"{error}; it wrote:\n{self.process.log()}"
            raise TimeoutError(message) from None

    async def remembers(self, offset: int) -> None:
        """Wait until the next one would begin behind ``offset``, which is just after it showed."""

        def is_written() -> bool:
            return self.seen.exists() and f'"offset": {offset}}}' in self.seen.read_text()

        await eventually(is_written, f"{offset} is remembered", within_s=30.0)


# Two replicas: people act through the one, watches are connected to the other.
Service = tuple[Replica, Replica]


class StartWatch(Protocol):
    """Start a watch of a list."""

    def __call__(
        self, person: Person, wanted: str, *options: str, at: Replica | None = None
    ) -> Watch:
        """Give it at once; it acts for the person, at the replica ``at`` (None: the person's)."""


@pytest.fixture
def start_watch(run: Run, tmp_path: Path) -> Iterator[StartWatch]:
    """Give a function that starts watches; they are ended in the end."""
    started: list[Watch] = []

    def start(person: Person, wanted: str, *options: str, at: Replica | None = None) -> Watch:
        tokens = tmp_path / f"tokens-{len(started)}"
        tokens.write_text(
            json.dumps({"access_token": person.access_token, "refresh_token": person.refresh_token})
        )
        command = f'exec "$@" < {tokens}'
        seen = tmp_path / f"seen-{person.username}.json"
        argv: list[str | Path] = [lockstep(), "watch", wanted, "--token-stdin"]
        argv += ["--server", (at or person.at).origin, "--plain", "--seen", seen, *options]
        watch = Watch(
            Process(run, "watch", ["/bin/sh", "-c", command, "sh", *argv], env=environment()), seen
        )
        started.append(watch)
        return watch

    yield start
    for watch in started:
        watch.process.kill()


async def test_a_change_shows_up_as_a_line(service: Service, start_watch: StartWatch) -> None:
    """What one person does over HTTP, the other reads at once, with the actor's name."""
    ann, bob = await Person.register(service[0], "ann"), await Person.register(service[0], "bob")
    list_id = await ann.make_list("Groceries")
    await ann.add_todo(list_id, "bread")
    await ann.share(list_id, bob)
    watch = start_watch(bob, "groceries", at=service[1])  # by its title, in any case
    await watch.shows("-- Groceries: 1 open, 0 done, at offset 4")
    await watch.shows("[ ] bread")
    milk = (await ann.add_todo(list_id, "milk"))["todo"]["id"]
    await ann.call("PATCH", f"/todos/{milk}", {"completed": True})
    await ann.call("DELETE", f"/todos/{milk}")
    await ann.call("POST", f"/todos/{milk}/restore", {})
    await watch.shows("restored “milk”")
    assert watch.changes == [
        (5, f"{ann.username} added “milk”"),
        (6, f"{ann.username} ticked “milk”"),
        (7, f"{ann.username} deleted “milk”"),
        (8, f"{ann.username} restored “milk”"),
    ]
    assert watch.process.stop() == 0
    assert watch.news[-1] == "left after offset 8"


async def test_who_comes_and_goes_is_told(service: Service, start_watch: StartWatch) -> None:
    """A second watcher is announced to the first, and so is their leaving."""
    ann, bob = await Person.register(service[0], "ann"), await Person.register(service[0], "bob")
    list_id = await ann.make_list("Trip")
    await ann.share(list_id, bob)
    watch = start_watch(ann, list_id, at=service[1])
    await watch.shows("-- Trip")
    other = start_watch(bob, list_id, at=service[1])
    await watch.shows(f"-- {bob.username} is here")
    other.process.stop()
    await watch.shows(f"-- {bob.username} left")


async def test_after_a_crash_of_the_service_exactly_the_missed_changes_appear(
    start_replica: StartReplica, start_watch: StartWatch, sqlite_url: str
) -> None:
    """The watch goes on by itself: killed, changed elsewhere, restarted, resumed; nothing twice."""
    replica = await start_replica(DATABASE_URL=sqlite_url)
    ann = await Person.register(replica)
    list_id = await ann.make_list("Groceries")
    watch = start_watch(ann, list_id)
    await watch.shows("at offset 2")
    await ann.add_todo(list_id, "one")
    await watch.shows("added “one”")
    await replica.kill()
    await watch.shows("reconnecting")
    meanwhile = await start_replica(DATABASE_URL=sqlite_url)
    ann.at = meanwhile
    await ann.add_todo(list_id, "two")
    await ann.add_todo(list_id, "three")
    await meanwhile.kill()
    await replica.launch()
    ann.at = replica
    await watch.shows("connected again, resuming after offset 3")
    await ann.add_todo(list_id, "four")
    await watch.shows("added “four”")
    assert watch.changes == [
        (offset, f"{ann.username} added “{title}”")
        for offset, title in ((3, "one"), (4, "two"), (5, "three"), (6, "four"))
    ]


async def test_a_killed_watch_shows_what_it_missed_when_it_is_started_again(
    service: Service, start_watch: StartWatch
) -> None:
    """Exactly the changes since the last line shown, then the live ones."""
    ann = await Person.register(service[0])
    list_id = await ann.make_list("Groceries")
    first = start_watch(ann, list_id, at=service[1])
    await first.shows("at offset 2")
    await ann.add_todo(list_id, "one")
    await first.shows("added “one”")
    await first.remembers(3)
    first.process.kill()
    await ann.add_todo(list_id, "two")
    await ann.add_todo(list_id, "three")
    second = start_watch(ann, list_id, at=service[1])
    await second.shows("2 changes while you were away")
    await second.shows("added “three”")
    await ann.add_todo(list_id, "four")
    await second.shows("added “four”")
    assert [offset for offset, _ in second.changes] == [4, 5, 6]


async def test_forgetting_shows_only_what_is_new(service: Service, start_watch: StartWatch) -> None:
    """With --forget nothing is remembered, so nothing was missed."""
    ann = await Person.register(service[0])
    list_id = await ann.make_list("Groceries")
    for number in range(2):
        watch = start_watch(ann, list_id, "--forget", at=service[1])
        await watch.shows(f"at offset {2 + number}")
        await ann.add_todo(list_id, f"todo {number}")
        await watch.shows(f"added “todo {number}”")
        watch.process.kill()
        assert len(watch.changes) == 1


async def test_messages_are_shown_between_the_changes(
    service: Service, start_watch: StartWatch
) -> None:
    """A message to the list is a change; one to the person comes through their inbox."""
    ann, bob = await Person.register(service[0], "ann"), await Person.register(service[0], "bob")
    list_id = await ann.make_list("Groceries")
    await ann.share(list_id, bob)
    watch = start_watch(bob, list_id, at=service[1])
    await watch.shows("-- Groceries")
    await ann.call("POST", f"/lists/{list_id}/messages", {"text": "who cooks?"})
    await watch.shows(f"{ann.username} says: who cooks?")
    await ann.call("POST", "/messages", {"to": bob.username, "text": "you do"})
    await watch.shows(f"-- {ann.username} to you: you do")


async def test_removal_ends_the_watch_with_a_sentence(
    service: Service, start_watch: StartWatch
) -> None:
    """Who is removed sees that as the last entry, or the end, and is told why."""
    ann, bob = await Person.register(service[0], "ann"), await Person.register(service[0], "bob")
    list_id = await ann.make_list("Groceries")
    await ann.share(list_id, bob)
    watch = start_watch(bob, list_id, at=service[1])
    await watch.shows("-- Groceries")
    await ann.call("DELETE", f"/lists/{list_id}/members/{bob.username}")
    await watch.shows("you are no longer a member")
    await ann.add_todo(list_id, "secret")
    await eventually(lambda: watch.process.returncode is not None, "the end")
    assert watch.process.returncode == 1
    assert "secret" not in watch.process.log()


async def test_logging_out_elsewhere_ends_the_watch(
    service: Service, start_watch: StartWatch
) -> None:
    """A session that was ended shows nothing more, on any replica, and the reason is told."""
    ann = await Person.register(service[0])
    list_id = await ann.make_list("Groceries")
    watch = start_watch(ann, list_id, at=service[1])
    await watch.shows("-- Groceries")
    await ann.call("POST", "/auth/logout", {"refresh_token": ann.refresh_token})
    await watch.shows("the session is over")
    await eventually(lambda: watch.process.returncode is not None, "the end")
    assert watch.process.returncode == 1


async def test_the_token_is_refreshed_while_the_connection_goes_on(
    start_replica: StartReplica, start_watch: StartWatch
) -> None:
    """Access tokens of two seconds: the watch outlives several without a reconnect."""
    replica = await start_replica(ACCESS_TTL_S="2")
    ann = await Person.register(replica)
    list_id = await ann.make_list("Groceries")
    await ann.log_in()
    watch = start_watch(ann, list_id)
    await watch.shows("-- Groceries")
    await eventually(lambda: replica.log().count("/auth/refresh") >= 3, "three refreshes")
    assert watch.process.returncode is None
    assert not [line for line in watch.news if "reconnecting" in line]


async def test_a_list_that_is_not_there_is_told_with_what_there_is(
    service: Service, start_watch: StartWatch
) -> None:
    """A typing mistake shows the lists one has; two of the same title ask for the id."""
    ann = await Person.register(service[0])
    await ann.make_list("Twins")
    await ann.make_list("Twins")
    unknown, twice = (
        start_watch(ann, "Grocreies", at=service[1]),
        start_watch(ann, "Twins", at=service[1]),
    )
    await unknown.shows("'Inbox'")
    await twice.shows("2 lists are called 'Twins'")
    await eventually(lambda: unknown.process.returncode == 1, "status 1")
    await eventually(lambda: twice.process.returncode == 1, "status 1")


async def test_a_password_is_asked_for_and_the_session_ended_at_the_end(
    service: Service, run: Run, tmp_path: Path
) -> None:
    """On a terminal it shows the live screen; Ctrl-C gives the terminal back and logs out."""
    ann = await Person.register(service[0])
    list_id = await ann.make_list("Groceries")
    argv: list[str | Path] = [lockstep(), "watch", list_id, "--user", ann.username]
    argv += ["--server", service[1].origin, "--seen", tmp_path / "seen.json"]
    terminal = Terminal(run, argv, env=environment(), cwd=tmp_path)
    try:
        await eventually(lambda: not terminal.echoes, "the question for the password")
        terminal.type(f"{PASSWORD}\n")
        await eventually(lambda: "● live" in terminal.shown, "the live screen")
        assert PASSWORD not in terminal.shown
        await ann.add_todo(list_id, "milk")
        await eventually(lambda: "added “milk”" in terminal.shown, "the change")
        devices = [one["device"] for one in (await ann.call("GET", "/me/sessions"))["sessions"]]
        assert [name for name in devices if name.startswith("lockstep-watch/")]
        assert terminal.interrupt() == 0
        assert "Left Groceries after offset 3." in terminal.shown
        assert len((await ann.call("GET", "/me/sessions"))["sessions"]) == 1
    finally:
        terminal.close()
