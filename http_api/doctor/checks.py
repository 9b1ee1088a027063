"""Choose what is checked: what is configured, and for the rest a line on what is used instead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from http_api.doctor.database import check_migrating_login, check_postgresql, check_standby
from http_api.doctor.door import check_listening, judge_limits, judge_origins, judge_proxies
from http_api.doctor.files import (
    check_data_directory,
    check_open_files,
    check_secret_key,
    check_sqlite,
)
from http_api.doctor.finding import Finding, ok, warning, wrong
from http_api.settings import PREFIX, unknown_names

if TYPE_CHECKING:
    from http_api.doctor.examination import Check
    from http_api.settings import Settings

__all__ = ["checks_for"]


def checks_for(settings: Settings, refused: Mapping[str, str]) -> dict[str, Check]:
    """Give the checks for these settings, by subject, in the order in which they are told.

    ``refused`` are those that were not taken, with the reason, by field: what stands on one of
    them is not checked.
    """
    checks: dict[str, Check] = {"settings": partial(_settings, settings, refused)}

    def add(subject: str, check: Callable[[Settings], Awaitable[list[Finding]]]) -> None:
        checks[subject] = partial(check, settings)

    if "secret_key" not in refused:
        add("secret key", check_secret_key)
    if not refused.keys() & {"data_dir", "database_url"}:
        if not settings.production and None in {settings.database_url, settings.secret_key}:
            add("data directory", check_data_directory)
        add("database", check_postgresql if settings.production else check_sqlite)
        if settings.production and settings.migrate_database_url is not None:
            add("migrating login", check_migrating_login)
        if settings.production and settings.read_database is not None:
            add("standby", check_standby)
        if "redis_url" not in refused:
            add("redis", _bus(settings))
        if "neo4j_url" not in refused and "neo4j_password" not in refused:
            add("neo4j", _graph(settings))
    if not refused.keys() & {"host", "port", "uds"}:
        add("listening", check_listening)
    add("door", _door)
    add("open files", check_open_files)
    return checks


async def _settings(settings: Settings, refused: Mapping[str, str]) -> list[Finding]:
    """Say which settings are not taken, and which names are none."""
    found = [
        wrong(_subject(field), why, "docs/configuration.md describes every setting.")
        for field, why in refused.items()
    ]
    found += [
        warning(
            "settings",
            f"{name} is not a setting of Lockstep and has no effect",
            "Mend its name, or remove it; docs/configuration.md has all.",
        )
        for name in await asyncio.to_thread(unknown_names, settings.secrets_dir)
    ]
    return found or [ok("settings", f"every {PREFIX} setting can be read")]


def _subject(field: str) -> str:
    return "secret key" if field == "secret_key" else "settings"


def _bus(settings: Settings) -> Callable[[Settings], Awaitable[list[Finding]]]:
    """Give the check of the bus; what it takes is imported now, not while others wait for answers.

    Here, because the client takes 0.1 s to import and the embedded default has no use for it.
    """
    if settings.redis_url is None:
        return _no_redis
    from http_api.doctor.bus import check_redis  # noqa: PLC0415 - its client takes 0.1 s to import

    return check_redis if settings.production else partial(_needless_redis, check_redis)


async def _no_redis(settings: Settings) -> list[Finding]:
    if not settings.production:
        return [ok("redis", "not set: one process, and nobody else to tell")]
    return [
        warning(
            "redis",
            "not set: this must be the only replica of the database",
            f"Set {PREFIX}REDIS_URL when there are more.",
        )
    ]


async def _needless_redis(
    check: Callable[[Settings], Awaitable[list[Finding]]], settings: Settings
) -> list[Finding]:
    needless = warning(
        "redis",
        f"{PREFIX}REDIS_URL is set, but SQLite allows one replica only",
        f"Remove it, or set {PREFIX}DATABASE_URL to a postgresql:// URL.",
    )
    return [*await check(settings), needless]


def _graph(settings: Settings) -> Callable[[Settings], Awaitable[list[Finding]]]:
    """Give the check of the graph; the driver takes 0.2 s to import, see above."""
    if settings.neo4j_url is None:
        return _no_neo4j
    from http_api.doctor.graph import check_neo4j  # noqa: PLC0415 - as above

    return check_neo4j


async def _no_neo4j(_settings: Settings) -> list[Finding]:
    return [ok("neo4j", "not set: each process makes the graph itself, for whoever asks")]


async def _door(settings: Settings) -> list[Finding]:
    return [judge_origins(settings), judge_proxies(settings), judge_limits(settings)]
