"""The command line: what it accepts, and what it says when it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from http_api.cli.app import app
from http_api.version import version
from tests.servers.ports import free_port
from tests.servers.replica import SECRET_KEY

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a working directory and settings of its own."""
    import os

    for name in os.environ:
        if name.startswith("LOCKSTEP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str, stdin: str = "") -> Result:
    return RUNNER.invoke(app, list(arguments), input=stdin)


@pytest.mark.parametrize(
    "command", [(), ("serve",), ("migrate",), ("watch",), ("user",), ("user", "create")]
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    """--help tells what a command does, without needing settings or a database."""
    result = _run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage: " in result.output


def test_the_version_is_the_distributions() -> None:
    """--version answers a support question."""
    assert _run("--version").output == f"lockstep {version()}\n"


def test_a_bad_setting_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value is said with its name and what is allowed, never with the value: status 2."""
    monkeypatch.setenv("LOCKSTEP_REGISTRATION", "hunter2-secret")
    result = _run("serve")
    assert result.exit_code == 2
    assert "LOCKSTEP_REGISTRATION" in result.stderr
    assert "open, invite or closed" in result.stderr
    assert "hunter2" not in result.output


def test_several_processes_on_sqlite_are_refused() -> None:
    """What the embedded parts cannot do is refused with what to set instead."""
    result = _run("serve", "--workers", "2")
    assert result.exit_code == 2
    assert "LOCKSTEP_DATABASE_URL" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "--uds", "x.sock", "--port", "1"), "--uds takes the place"),
        (("serve", "--port", "65536"), "65535"),
        (("watch", "x", "--password-stdin", "--token-stdin"), "exclude each other"),
        (("watch", "x", "--token-stdin", "--user", "ann"), "leave --user out"),
        (("watch", "x", "--server", "localhost", "--token-stdin"), "looks like http://"),
        (("watch", "x", "--user", "ann"), "--password-stdin"),
        (("watch", "x", "--token-stdin"), "standard input is empty"),
        (("user", "create", "ann"), "--password-stdin"),
        (("user", "sessions", "ann", "--revoke-all", "--revoke", "0" * 32), "exclude each other"),
        (("sevre",), "No such command"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    """Wrong options end with status 2 and what to do, not with a stack trace."""
    result = _run(*arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_watching_a_silent_server_says_how_to_start_one() -> None:
    """Nobody listens: the sentence names the address and the way out."""
    result = _run("watch", "x", "--server", "http://127.0.0.1:9", "--token-stdin", stdin="token")
    assert result.exit_code == 1
    assert "no Lockstep answers at http://127.0.0.1:9" in result.stderr
    assert "lockstep serve" in result.stderr


def test_migrate_makes_the_embedded_database_and_may_be_repeated() -> None:
    """The first run says from where to where, the second that nothing was to be done."""
    first, second = _run("migrate"), _run("migrate")
    assert "empty → " in first.output
    assert "already at revision" in second.output
    assert (first.exit_code, second.exit_code) == (0, 0)


PASSWORD = "a long enough pass phrase\n"


def test_an_account_is_made_and_administered() -> None:
    """Everything an administrator does without SQL, on a database that did not exist before."""
    made = _run("user", "create", "ann", "--admin", "--password-stdin", stdin=PASSWORD)
    assert made.exit_code == 0, made.output
    assert "administrator ann" in made.output
    assert "no longer" in _run("user", "set-admin", "ann", "--off").output
    assert "logged in nowhere" in _run("user", "sessions", "ann").output
    assert "0 sessions ended" in _run("user", "sessions", "ann", "--revoke-all").output
    assert "locked out" in _run("user", "disable", "ann").output
    assert "may log in again" in _run("user", "disable", "ann", "--off").output
    reset = _run("user", "set-password", "ann", "--password-stdin", stdin=f"new {PASSWORD}")
    assert "new password" in reset.output


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("create", "ann", "--password-stdin"), PASSWORD, "taken"),
        (("create", "bob", "--password-stdin"), "short\n", "password: must have at least 12"),
        (("create", "b b", "--password-stdin"), PASSWORD, "username: must not contain spaces"),
        (("set-admin", "bob"), "", "no account of this name"),
        (("disable", "bob"), "", "no account of this name"),
        (("sessions", "bob"), "", "no account of this name"),
        (("sessions", "ann", "--revoke", "0" * 32), "", "has no session"),
    ],
)
def test_a_refusal_is_a_sentence_and_status_1(
    arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    """The store's refusals reach the terminal in its own words."""
    assert _run("user", "create", "ann", "--password-stdin", stdin=PASSWORD).exit_code == 0
    result = _run("user", *arguments, stdin=stdin)
    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_token_may_be_the_whole_answer_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piping curl into watch works; what is not such an answer is said."""
    stdin = json.dumps({"detail": "no"})
    result = _run("watch", "x", "--server", "http://127.0.0.1:9", "--token-stdin", stdin=stdin)
    assert result.exit_code == 1
    assert "not the answer of /auth/token" in result.stderr


def test_postgresql_is_migrated_by_hand(
    empty_postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, administration says what to run; afterwards it works, through the same URL."""
    monkeypatch.setenv("LOCKSTEP_SECRET_KEY", SECRET_KEY)
    url = f"{empty_postgresql_url}-no-such"
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", url)
    assert "does not exist" in _run("migrate").stderr
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", empty_postgresql_url)
    early = _run("user", "create", "ann", "--password-stdin", stdin=PASSWORD)
    assert early.exit_code == 1
    assert "lockstep migrate" in early.stderr
    assert "empty → " in _run("migrate").output
    made = _run("user", "create", "ann", "--password-stdin", stdin=PASSWORD)
    assert made.exit_code == 0, made.output


@pytest.mark.parametrize("command", [("migrate",), ("user", "sessions", "ann")])
def test_a_database_that_does_not_answer_is_said(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the database, never its password."""
    url = f"postgresql://nobody:hunter2@127.0.0.1:{free_port()}/nothing"
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", url)
    monkeypatch.setenv("LOCKSTEP_SECRET_KEY", SECRET_KEY)
    result = _run(*command)
    assert result.exit_code == 1, result.output
    assert "PostgreSQL 127.0.0.1/nothing cannot be reached" in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("command", [("migrate",), ("user", "sessions", "ann")])
def test_a_data_directory_that_is_none_is_said(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be opened ends in a sentence with the setting to mend, not in a stack trace."""
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path / "file"))
    result = _run(*command)
    assert result.exit_code == 1, result.output
    assert "lockstep.db cannot be opened" in result.stderr
    assert "LOCKSTEP_DATA_DIR" in result.stderr
