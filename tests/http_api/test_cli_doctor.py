"""`lockstep doctor` without any server: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from http_api.cli.app import app
from tests.servers.deadline import wait_until
from tests.servers.ports import free_port
from tests.servers.replica import SECRET_KEY, environment, lockstep
from tests.servers.run import Run
from tests.servers.terminal import Terminal

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a working directory and settings of its own."""
    for name in os.environ:
        if name.startswith("LOCKSTEP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _run(*words: str) -> Result:
    return RUNNER.invoke(app, ["doctor", *words])


def _marks(result: Result) -> dict[str, str]:
    told = [json.loads(line) for line in result.stdout.splitlines()]
    return {one["subject"]: one["mark"] for one in told}


def test_the_embedded_default_passes_on_an_empty_directory(tmp_path: Path) -> None:
    """Everything that nothing is set for has a line that says what is used, and nothing is made."""
    result = _run()
    assert result.exit_code == 0, result.output
    assert "database: SQLite file" in result.stdout
    assert "is not there yet; `lockstep serve` makes it" in result.stdout
    assert "redis: not set" in result.stdout
    assert "neo4j: not set" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_machines_get_one_object_a_line() -> None:
    """Always with the same four members, and no line that is none."""
    result = _run("--json")
    assert result.exit_code == 0, result.output
    for line in result.stdout.splitlines():
        assert json.loads(line).keys() == {"mark", "subject", "says", "advice"}
    assert set(_marks(result).values()) <= {"ok", "warning"}


def test_a_refused_setting_is_one_line_and_the_others_are_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its name, its shape and what is allowed; never its value."""
    monkeypatch.setenv("LOCKSTEP_REGISTRATION", "hunter2")
    result = _run("--json")
    assert result.exit_code == 1
    bad = {name: mark for name, mark in _marks(result).items() if mark == "wrong"}
    assert bad == {"settings": "wrong"}
    assert "LOCKSTEP_REGISTRATION is a text of 7 letters and digits" in result.stdout
    assert "open, invite or closed" in result.stdout
    assert "database" in _marks(result)
    assert "hunter2" not in result.output


def test_what_stands_on_a_refused_setting_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who misspelled the database's URL is not told that SQLite is fine."""
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "mysql://me:hunter2@h/d")
    result = _run("--json")
    assert result.exit_code == 1
    assert _marks(result)["settings"] == "wrong"
    assert "database" not in _marks(result)
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, "all replicas need the same secret"),
        ("short", "has 5 bytes"),
        ("changeme" * 8, "a sample value"),
    ],
)
def test_a_secret_key_that_is_missing_or_weak_is_its_own_line(
    monkeypatch: pytest.MonkeyPatch, key: str | None, said: str
) -> None:
    """With a database server in the settings every replica needs one, and the same."""
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:9/d")
    if key is not None:
        monkeypatch.setenv("LOCKSTEP_SECRET_KEY", key)
    told = [json.loads(line) for line in _run("--json").stdout.splitlines()]
    [line] = [one for one in told if one["subject"] == "secret key"]
    assert line["mark"] == "wrong"
    assert said in line["says"]
    assert "settings" not in [one["subject"] for one in told]
    # The server that is not there is told beside it.
    assert [one["mark"] for one in told if one["subject"] == "database"] == ["wrong"]


def test_a_line_of_dotenv_that_does_not_parse_is_named(tmp_path: Path) -> None:
    """Nothing else is looked at, for it would be another service than the one that is meant."""
    (tmp_path / ".env").write_text(f"LOCKSTEP_SECRET_KEY {SECRET_KEY}\n")
    result = _run("--json")
    assert result.exit_code == 1
    assert _marks(result) == {"settings": "wrong"}
    assert "line 1" in result.stdout
    assert SECRET_KEY not in result.output


def test_a_name_that_is_no_setting_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in a name would otherwise have no effect, in silence."""
    monkeypatch.setenv("LOCKSTEP_REDIS_ULR", "redis://:hunter2@h")
    result = _run()
    assert result.exit_code == 0
    assert "warning  settings: LOCKSTEP_REDIS_ULR is not a setting" in result.stdout
    assert "hunter2" not in result.output


def test_wrong_use_ends_with_2() -> None:
    """A status of its own, so that a script can tell it from a finding."""
    assert _run("--jsno").exit_code == 2
    assert _run("database").exit_code == 2


def test_the_help_says_what_the_words_and_the_status_mean() -> None:
    """Whoever automates it need not guess."""
    said = _run("--help").stdout
    for word in ("ok ", "warning ", "wrong ", "--json", "Exit status"):
        assert word in said


def test_on_a_terminal_it_is_a_picture(run: Run, tmp_path: Path) -> None:
    """What is wrong comes with what to do, indented under it, and no line is too wide."""
    env = environment(REDIS_URL=f"redis://127.0.0.1:{free_port()}", HOST="0.0.0.0")
    argv: list[str | Path] = [lockstep(), "doctor"]
    terminal = Terminal(run, argv, env=env, cwd=tmp_path, columns=80)
    try:
        wait_until(lambda: " checked: " in terminal.shown, "the summary", within_s=60)
        lines = terminal.shown.splitlines()
    finally:
        terminal.close()
    assert max(map(len, lines)) <= 80
    [at] = [number for number, line in enumerate(lines) if line.startswith("wrong    redis: ")]
    assert "(connection refused)" in lines[at]
    assert lines[at + 1].startswith("         Start Redis")
    starts = ("ok  ", "warning  ", "wrong  ", "         ")
    assert all(line.startswith(starts) for line in lines[:-1])
    assert lines[-1].startswith("13 checked: 1 wrong, ")


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "MIGRATE_DATABASE_URL", "READ_DATABASE_URL", "REDIS_URL"]
)
@pytest.mark.parametrize("password", ["hunter2", "hun@ter2", "hun/ter2", "hun?ter2", "hun#ter2:x"])
def test_no_part_of_a_password_is_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, password: str
) -> None:
    """Not even one that nobody escaped, so that a part of it looks like the host."""
    scheme = "redis" if name == "REDIS_URL" else "postgresql"
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql://me@127.0.0.1:9/d")
    monkeypatch.setenv("LOCKSTEP_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv(f"LOCKSTEP_{name}", f"{scheme}://me:{password}@127.0.0.1:9/d")
    for words in (), ("--json",):
        result = _run(*words)
        assert result.exit_code == 1
        for part in ("hun", "ter2", SECRET_KEY):
            assert part not in result.output
