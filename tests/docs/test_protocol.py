"""The page about the wire protocol, against the code."""

from __future__ import annotations

import json
import re

from http_api.body import MAX_BODY_BYTES
from http_api.paging import MAX_PAGE
from http_api.routes.commands import MAX_COMMANDS
from realtime.command import Unknown
from realtime.encoding_json import JSON
from realtime.limits import Limits
from store.sessions import MAX_SESSIONS
from store.todo import commands as todo_commands
from store.todo import decide_list, decide_set, decide_todo
from store.todo.commands import COMMANDS
from store.todo.model import Role
from tests.docs.pages import blocks, page, rows
from tests.sdk.conftest import CLIENTS

PAGE = page("docs/protocol.md")
_LOCKED = "".join(
    page(name) for name in ("tests/node/package.json", "requirements/dev.txt", "tests/java/pom.xml")
)
_SDKS = {
    "javascript": ("js", r'"centrifuge": "%s"'),
    "python": ("python", r"(?m)^centrifuge-python==%s "),
    "java": ("java", r"<artifactId>centrifuge-java</artifactId>\s+<version>%s<"),
}
_TYPE = re.compile(r"\b([a-z]+\.[a-z_]+)")


def test_the_sdks_are_those_of_the_tests() -> None:
    """What is called tested is tested, in these encodings and at this version."""
    told = {row[0]: row[1] for row in rows(PAGE) if row[0].startswith("[centrifuge-")}
    for sdk, (short, lock) in _SDKS.items():
        [row] = [row for row in told if row.startswith(f"[centrifuge-{short}](")]
        [version] = re.findall(r"\) (\d+\.\d+\.\d+)", row)
        assert re.search(lock % re.escape(version), _LOCKED), row
        encodings = told.pop(row).lower()
        for encoding in ("json", "protobuf"):
            assert (encoding in encodings) == (f"{sdk}-{encoding}" in CLIENTS), row
    assert set(told.values()) == {"not tested"}


def test_every_frame_is_one_json_object_a_line() -> None:
    """What the page shows can be pasted."""
    frames = [line for block in blocks(PAGE, "json") for line in block.splitlines()]
    assert len(frames) > 15
    for frame in frames:
        assert isinstance(json.loads(frame), dict)


def test_every_command_shown_is_understood() -> None:
    """The server reads each command of the page as the command it is."""
    commands = [
        block
        for block in blocks(PAGE, "json")
        if "push" not in json.loads(block) and not _is_reply(block)
    ]
    assert len(commands) >= 7
    for command in commands:
        [read] = JSON.parse(command.strip().encode())
        assert not isinstance(read, Unknown)


def _is_reply(block: str) -> bool:
    """Tell a reply from a command: its body holds what only servers say."""
    text = json.dumps(json.loads(block))
    said = ('"ttl"', '"positioned"', '"presence": {"presence"', '"publications"', '"rpc": {"data"')
    return any(word in text for word in said)


def test_every_command_has_a_row() -> None:
    """The table of commands names all that the server carries out for members."""
    named = {word for row in rows(PAGE) for word in _TYPE.findall(row[0])}
    assert set(COMMANDS) <= named


def test_limits_are_those_of_the_code() -> None:
    """A client may rely on the numbers of the page."""
    limits = Limits()
    told = {row[0]: row[1] for row in rows(PAGE) if len(row) == 2}
    assert told["one message from a client"].startswith(f"{limits.frame_bytes // 1024} KiB")
    assert f"{limits.first_frame_bytes // 1024} KiB before" in told["one message from a client"]
    waiting = told["commands of a connection that wait for their turn, in one frame or several"]
    assert waiting.startswith(f"{limits.backlog_commands}, and {limits.backlog_bytes // 1024} KiB")
    assert told["time to `connect`"] == f"{limits.connect_s:.0f} s"
    assert told["subscriptions of a connection"] == str(limits.subscriptions)
    assert f"{limits.page_entries} entries" in told["`publications` in a subscribe reply"]
    assert told["`detail` of a signal"] == f"{limits.signal_detail_bytes} bytes"


def test_what_lists_and_accounts_may_hold_is_that_of_the_code() -> None:
    """Nobody meets a bound that the page does not name, or names otherwise."""
    told = {row[0]: row[1] for row in rows(PAGE) if len(row) == 2}
    for what, bound in {
        "live todos of a list": decide_todo.MAX_LIVE_TODOS,
        "members of a list": decide_list.MAX_MEMBERS,
        "lists of an account": decide_list.MAX_LISTS,
        "notes; the text of a message": todo_commands.MAX_NOTES,
        "labels of a todo": decide_set.MAX_LABELS,
        "todos that one waits for": decide_set.MAX_BLOCKERS,
        "uses of an invitation": todo_commands.MAX_USES,
        "commands of one `POST /api/v1/commands`": MAX_COMMANDS,
        "entries of one page of changes or messages": MAX_PAGE,
        "sessions of an account": MAX_SESSIONS,
    }.items():
        assert re.match(f"{bound:,}(?!,?[0-9])", told[what]), what
    assert todo_commands.MAX_NOTES == todo_commands.MAX_TEXT
    assert told["body of a request"] == f"{MAX_BODY_BYTES // 1024} KiB"


def test_every_role_is_described() -> None:
    """Who may do what stands on the page, for each role there is."""
    told = {row[0].strip("`") for row in rows(PAGE) if len(row) == 2}
    assert {role.value for role in Role} <= told
