"""Say which settings cannot work together, each good by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from http_api.secret_key import MIN_SECRET_BYTES, why_weak

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["why_impossible"]

_PREFIX: Final = "LOCKSTEP_"


def why_impossible(settings: Settings) -> Iterator[tuple[str, str]]:
    """Give the field to mend and a sentence for each combination that is refused; pure.

    A secret key that is missing where it is needed, or weak, counts as one.
    """
    if settings.workers > 1 and not settings.production:
        yield (
            "workers",
            (
                f"{_PREFIX}WORKERS is {settings.workers}, but SQLite allows one process: set "
                f"{_PREFIX}DATABASE_URL to a postgresql:// URL and {_PREFIX}REDIS_URL, or one "
                "worker."
            ),
        )
    elif settings.workers > 1 and settings.redis_url is None:
        # The head poll alone would carry changes, late; presence and typing not at all.
        yield (
            "workers",
            (
                f"{_PREFIX}WORKERS is {settings.workers}, but the processes have no bus between "
                f"them: set {_PREFIX}REDIS_URL, or one worker."
            ),
        )
    if settings.production and settings.secret_key is None:
        yield (
            "secret_key",
            (
                f"{_PREFIX}SECRET_KEY is not set, but PostgreSQL is in use: all replicas need the "
                f"same secret of at least {MIN_SECRET_BYTES} bytes; make one with "
                "`openssl rand -hex 32`."
            ),
        )
    weakness = why_weak(settings.secret_key.get_secret_value()) if settings.secret_key else None
    if weakness is not None:
        yield (
            "secret_key",
            (
                f"{_PREFIX}SECRET_KEY {weakness}; allowed: at least {MIN_SECRET_BYTES} random "
                "bytes, such as `openssl rand -hex 32` prints."
            ),
        )
    if settings.refresh_ttl_s <= settings.access_ttl_s:
        yield (
            "refresh_ttl_s",
            (
                f"{_PREFIX}REFRESH_TTL_S ({settings.refresh_ttl_s}) must be longer than "
                f"{_PREFIX}ACCESS_TTL_S ({settings.access_ttl_s})."
            ),
        )
    if settings.neo4j_user is not None and settings.neo4j_password is None:
        yield (
            "neo4j_password",
            f"{_PREFIX}NEO4J_USER is set: set {_PREFIX}NEO4J_PASSWORD too.",
        )
    databases = {urlsplit(url).scheme for url in (settings.database, settings.migrate_database)}
    if len(databases) > 1:
        yield (
            "migrate_database_url",
            (
                f"{_PREFIX}DATABASE_URL and {_PREFIX}MIGRATE_DATABASE_URL name different engines; "
                "set both to the same database."
            ),
        )
