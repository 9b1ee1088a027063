"""The settings: the environment in, one checked object or a sentence out."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from http_api.settings import SettingsError, load_in_part, load_settings

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have no settings but those a test gives."""
    for name in list(os.environ):
        if name.startswith("LOCKSTEP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal(**overrides: object) -> str:
    """Load and give the words of the refusal."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    return str(caught.value)


def test_nothing_set_means_embedded(tmp_path: Path) -> None:
    """Without any setting there is a SQLite file in var/, on the loopback address."""
    settings = load_settings()
    assert (settings.host, settings.port, settings.production) == ("127.0.0.1", 8000, False)
    assert settings.database == f"sqlite:///{tmp_path}/var/lockstep.db"
    assert settings.migrate_database == settings.database
    assert settings.warnings == ()


def test_the_environment_wins_over_dotenv_and_arguments_over_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three places, one order."""
    (tmp_path / ".env").write_text("LOCKSTEP_PORT=1001\nLOCKSTEP_HOST=::1\n")
    assert load_settings().port == 1001
    monkeypatch.setenv("LOCKSTEP_PORT", "1002")
    assert (load_settings().port, load_settings().host) == (1002, "::1")
    assert load_settings(port=1003).port == 1003


def test_secrets_may_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each in a file named like its setting; the environment wins; blanks around do not count."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "lockstep_secret_key").write_text(f"{KEY}\n")
    (secrets / "LOCKSTEP_DATABASE_URL").write_text("postgresql://me:hunter2@h/d\n")
    (secrets / "lockstep_port").write_text("1001")
    monkeypatch.setenv("LOCKSTEP_SECRETS_DIR", str(secrets))
    settings = load_settings()
    assert (settings.secret, settings.port) == (KEY.encode(), 1001)
    assert settings.database == "postgresql://me:hunter2@h/d"
    assert "hunter2" not in repr(settings)
    monkeypatch.setenv("LOCKSTEP_PORT", "1002")
    assert load_settings().port == 1002


def test_a_bad_secret_file_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No directory, a value that is not allowed, bytes that are no text, a misspelt name."""
    monkeypatch.setenv("LOCKSTEP_SECRETS_DIR", str(tmp_path / "none"))
    assert refusal() == f"LOCKSTEP_SECRETS_DIR names no directory: {tmp_path / 'none'}"
    monkeypatch.setenv("LOCKSTEP_SECRETS_DIR", str(tmp_path))
    (tmp_path / "lockstep_redis_url").write_text("http://:hunter2@h")
    assert refusal().startswith("LOCKSTEP_REDIS_URL is a text of 17 characters")
    (tmp_path / "lockstep_redis_url").write_bytes(b"hunter2\xff")
    assert "cannot be read (UnicodeDecodeError)" in refusal()
    assert "hunter2" not in refusal()
    (tmp_path / "lockstep_redis_url").rename(tmp_path / "lockstep_redis_ulr")
    assert "LOCKSTEP_REDIS_ULR is not a setting" in " ".join(load_settings().warnings)


def test_an_empty_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """``LOCKSTEP_REDIS_URL=`` in a template means none."""
    monkeypatch.setenv("LOCKSTEP_REDIS_URL", "")
    monkeypatch.setenv("LOCKSTEP_PORT", "")
    settings = load_settings()
    assert (settings.redis_url, settings.port) == (None, 8000)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "70000", "from 0"),
        ("PORT", "http", "whole number"),
        ("WORKERS", "999", "from 1 to 64"),
        ("DATABASE_URL", "mysql://h/d", "postgresql://"),
        ("REDIS_URL", "http://h", "redis://"),
        ("REDIS_URL", "redis+cluster://a:1,b:x", "host:6379,other:6379"),
        ("NEO4J_URL", "http://h", "bolt://"),
        ("NAMESPACE", "a b", "a-z"),
        ("ALLOWED_ORIGINS", "https://*.example.org", "no wildcard"),
        ("ALLOWED_ORIGINS", "lists.home", "exact origins"),
        ("ALLOWED_ORIGINS", "https://todo.example.org/app", "no path"),
        ("ACCESS_TTL_S", "-77", "seconds"),
        ("REGISTRATION", "sometimes", "open, invite or closed"),
        ("RATE_LIMITS", "perhaps", "on or off"),
        ("LOG_LEVEL", "loud", "debug"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """The operator reads which setting, what shape it has, and what it may be; not its value."""
    monkeypatch.setenv(f"LOCKSTEP_{name}", value)
    said = refusal()
    assert said.startswith(f"LOCKSTEP_{name} is a text of {len(value)} ")
    assert allowed in said
    assert value not in said.replace(allowed, "")


def test_every_bad_value_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to start five times to find five mistakes."""
    monkeypatch.setenv("LOCKSTEP_PORT", "x")
    monkeypatch.setenv("LOCKSTEP_LOG_LEVEL", "x")
    assert len(refusal().splitlines()) == 2


def test_a_refused_url_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the wrong place must not reach the terminal or the log."""
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "mysql://me:hunter2@h/d")
    assert "hunter2" not in refusal()
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql://me:hunter2@h/d")
    settings = load_settings(secret_key=KEY)
    assert "hunter2" not in repr(settings)
    assert settings.database_shown == "PostgreSQL h/d"


def test_a_login_in_the_url_of_neo4j_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neo4j's driver takes none there, and its error would print the password."""
    monkeypatch.setenv("LOCKSTEP_NEO4J_URL", "bolt://neo4j:hunter2@127.0.0.1:7687")
    said = refusal()
    assert "hunter2" not in said
    assert "LOCKSTEP_NEO4J_USER" in said
    assert "LOCKSTEP_NEO4J_PASSWORD" in said


def test_unknown_names_are_warned_about(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A misspelt setting would otherwise have no effect, silently."""
    monkeypatch.setenv("LOCKSTEP_PROT", "8001")
    (tmp_path / ".env").write_text("LOCKSTEP_HOTS=::1\nOTHER=1\n")
    said = " ".join(load_settings().warnings)
    assert "LOCKSTEP_PROT" in said
    assert "LOCKSTEP_HOTS" in said
    assert "OTHER" not in said


def test_rate_limits_off_is_warned_about() -> None:
    """Load tests forget to switch them on again."""
    assert "RATE_LIMITS" in " ".join(load_settings(rate_limits="off").warnings)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"workers": 2}, ("SQLite", "LOCKSTEP_DATABASE_URL", "LOCKSTEP_REDIS_URL")),
        (
            {"workers": 2, "database_url": "postgresql://h/d", "secret_key": KEY},
            ("bus", "LOCKSTEP_REDIS_URL"),
        ),
        ({"database_url": "postgresql://h/d"}, ("LOCKSTEP_SECRET_KEY", "openssl rand")),
        ({"access_ttl_s": 100, "refresh_ttl_s": 100}, ("LOCKSTEP_REFRESH_TTL_S",)),
        ({"neo4j_user": "neo4j"}, ("LOCKSTEP_NEO4J_PASSWORD",)),
        ({"migrate_database_url": "postgresql://h/d"}, ("different engines",)),
    ],
)
def test_what_cannot_work_together_is_refused_with_the_way_out(
    overrides: dict[str, object], words: tuple[str, ...]
) -> None:
    """Each sentence says which settings clash and what to set."""
    said = refusal(**overrides)
    assert all(word in said for word in words), said


@pytest.mark.parametrize("engine", [{}, {"database_url": "postgresql://h/d"}])
@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "x" * 64,
        "change-me-change-me-change-me-change-me",
        "an-example-key-of-32-bytes-1234567",
    ],
)
def test_a_weak_secret_is_refused_and_not_repeated(engine: dict[str, str], secret: str) -> None:
    """Short ones can be guessed, and samples are known to everybody."""
    said = refusal(secret_key=secret, **engine)
    assert "LOCKSTEP_SECRET_KEY" in said
    assert secret not in said


def test_the_embedded_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """The second start must accept the tokens of the first; other users must not read the key."""
    first = load_settings().secret
    assert len(first) >= 32
    assert load_settings().secret == first
    file = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["secret_key"]


def test_an_embedded_secret_open_to_others_is_refused(tmp_path: Path) -> None:
    """A key that others could have read signs nothing."""
    settings = load_settings()
    assert settings.secret
    (tmp_path / "var" / "secret_key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        _ = settings.secret


def test_a_secret_cut_short_is_refused(tmp_path: Path) -> None:
    """A full disk must not end in a key that can be guessed."""
    settings = load_settings()
    assert settings.secret
    (tmp_path / "var" / "secret_key").write_bytes(b"abc\n")
    with pytest.raises(SettingsError, match="cut short"):
        _ = settings.secret


def test_settings_do_not_change() -> None:
    """What was checked at the start stays what was checked."""
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_what_is_good_can_be_read_beside_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for what is wrong gets all of it, and the rest."""
    monkeypatch.setenv("LOCKSTEP_PORT", "hunter2")
    monkeypatch.setenv("LOCKSTEP_ALLOWED_ORIGINS", "https://*.example")
    monkeypatch.setenv("LOCKSTEP_NAMESPACE", "kept")
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql://me:hunter2@h/d")

    settings, refused = load_in_part()

    assert (settings.port, settings.namespace, settings.production) == (8000, "kept", True)
    assert refused.keys() == {"port", "allowed_origins", "secret_key"}
    assert "a text of 7 letters and digits" in refused["port"]
    assert "hunter2" not in str(refused)


def test_settings_that_cannot_work_together_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start ends at the first; whoever looks for what is wrong gets each, with its setting."""
    monkeypatch.setenv("LOCKSTEP_WORKERS", "2")
    monkeypatch.setenv("LOCKSTEP_SECRET_KEY", "short")
    monkeypatch.setenv("LOCKSTEP_ACCESS_TTL_S", "60")
    monkeypatch.setenv("LOCKSTEP_REFRESH_TTL_S", "60")
    monkeypatch.setenv("LOCKSTEP_NEO4J_USER", "neo4j")

    _, refused = load_in_part()

    assert refused.keys() == {"workers", "secret_key", "refresh_ttl_s", "neo4j_password"}
    assert load_in_part()[1]["workers"] in refusal()


def test_where_nothing_can_be_read_nothing_is_given(tmp_path: Path) -> None:
    """Half of a file would be another service than the one that is meant."""
    (tmp_path / ".env").write_text("LOCKSTEP_PORT 1\n")
    with pytest.raises(SettingsError, match="line 1"):
        load_in_part()
