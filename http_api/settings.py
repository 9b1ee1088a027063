"""Read the environment, once, into one frozen object; nothing else in the project reads it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from http_api.combinations import why_impossible
from http_api.dotenv_file import why_unreadable
from http_api.origins import origin_of
from http_api.secret_key import MIN_SECRET_BYTES, secret_key_in
from http_api.shape import shape_of
from realtime.redis_url import server_urls

__all__ = [
    "PREFIX",
    "Settings",
    "SettingsError",
    "is_loopback",
    "load_in_part",
    "load_settings",
    "unknown_names",
]

PREFIX: Final = "LOCKSTEP_"


class SettingsError(Exception):
    """Stop the start: one sentence a line, each naming the setting and what is allowed."""


def _url_of(*schemes: str) -> AfterValidator:
    """Accept a URL with one of the schemes; the message never repeats the URL (passwords).

    None is accepted here and below: what was refused is given so, to read the rest.
    """

    def check(value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value().partition("://")[0] not in schemes:
            raise ValueError
        return value

    return AfterValidator(check)


def _servers(value: SecretStr | None) -> SecretStr | None:
    """Accept a Redis URL whose servers have names and ports."""
    if value is not None:
        server_urls(value.get_secret_value())
    return value


def _without_login(value: SecretStr | None) -> SecretStr | None:
    """Refuse a URL with a login, which the driver would repeat, password and all, in its error."""
    if value is not None and "@" in value.get_secret_value():
        raise ValueError
    return value


def _origins(value: Any) -> Any:
    """Split a comma separated list of exact origins."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return frozenset(origin_of(part) for part in value)


def _switch(value: Any) -> Any:
    """Read ``on`` and ``off`` beside the usual spellings of a truth value."""
    return {"on": True, "off": False}.get(value, value) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class _SecretsDirectory(BaseSettings):
    """Find the directory of secret files, before the settings in them are read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        validate_default=False,
        hide_input_in_errors=True,  # the input is all settings, secrets included
    )

    secrets_dir: Annotated[
        Path | None,
        Field(description="a directory of files, each named as the setting whose value it holds"),
    ] = None


# The description of each field says what is allowed: it is what a refused value is answered with.
class Settings(_SecretsDirectory):
    """Hold every setting, validated; secrets do not print."""

    host: Annotated[str, Field(min_length=1, description="an address or host name")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="a whole number from 0 (any free port) to 65535")
    ] = 8000
    uds: Annotated[
        Path | None, Field(description="the path of a Unix socket to listen on instead of a port")
    ] = None
    workers: Annotated[int, Field(ge=1, le=64, description="a whole number from 1 to 64")] = 1
    data_dir: Annotated[
        Path, Field(description="a directory for what the service keeps beside its database")
    ] = Path("var")
    database_url: Annotated[
        SecretStr | None,
        _url_of("postgresql", "sqlite"),
        Field(
            description="postgresql://user:password@host:5432/database or sqlite:////absolute/file.db"
        ),
    ] = None
    migrate_database_url: Annotated[
        SecretStr | None,
        _url_of("postgresql", "sqlite"),
        Field(description="a URL like LOCKSTEP_DATABASE_URL, of a login that owns the schema"),
    ] = None
    read_database_url: Annotated[
        SecretStr | None,
        _url_of("postgresql"),
        Field(description="a URL like LOCKSTEP_DATABASE_URL, of a standby that replicates it"),
    ] = None
    database_pool_size: Annotated[
        int, Field(ge=2, le=100, description="a whole number from 2 to 100")
    ] = 10
    redis_url: Annotated[
        SecretStr | None,
        _url_of("redis", "rediss", "redis+cluster", "rediss+cluster"),
        AfterValidator(_servers),
        Field(
            description="redis://host:6379/0, redis+cluster://host:6379,other:6379,"
            " or either with rediss for TLS"
        ),
    ] = None
    namespace: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9_-]{1,32}$",
            description="1 to 32 of the characters a-z, 0-9, - and _",
        ),
    ] = "lockstep"
    neo4j_url: Annotated[
        SecretStr | None,
        _url_of("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"),
        AfterValidator(_without_login),
        Field(
            description="bolt://host:7687 or neo4j://host:7687, the login apart in"
            " LOCKSTEP_NEO4J_USER and LOCKSTEP_NEO4J_PASSWORD"
        ),
    ] = None
    neo4j_user: Annotated[
        str | None, Field(description="a user name; none means no authentication")
    ] = None
    neo4j_password: Annotated[SecretStr | None, Field(description="that user's password")] = None
    graph_answer_s: Annotated[
        int, Field(ge=1, le=60, description="whole seconds, from 1 to 60")
    ] = 2
    graph_failures: Annotated[
        int, Field(ge=1, le=1000, description="a whole number from 1 to 1000")
    ] = 5
    graph_pause_s: Annotated[
        int, Field(ge=1, le=3600, description="whole seconds, from 1 to 3600")
    ] = 60
    secret_key: Annotated[
        SecretStr | None,
        Field(
            description=f"at least {MIN_SECRET_BYTES} random bytes, such as `openssl rand -hex 32`"
        ),
    ] = None
    allowed_origins: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(_origins),
        Field(
            description="exact origins, comma separated, such as https://todo.example.org"
            " (scheme and host, no path, no wildcard)"
        ),
    ] = frozenset()
    trusted_proxies: Annotated[
        str,
        Field(description="addresses or networks, comma separated, whose forwarding headers count"),
    ] = "127.0.0.1,::1"
    access_ttl_s: Annotated[
        int, Field(ge=1, le=86_400, description="seconds, from 1 to 86400 (a day)")
    ] = 1800
    refresh_ttl_s: Annotated[
        int, Field(ge=1, le=2_592_000, description="seconds, from 1 to 2592000 (30 days)")
    ] = 604_800
    registration: Annotated[
        Literal["open", "invite", "closed"],
        BeforeValidator(_lower),
        Field(description="open, invite or closed"),
    ] = "open"
    rate_limits: Annotated[bool, BeforeValidator(_switch), Field(description="on or off")] = True
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(_lower),
        Field(description="debug, info, warning or error"),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        BeforeValidator(_lower),
        Field(description="json, console, or auto (console on a terminal)"),
    ] = "auto"

    @property
    def production(self) -> bool:
        """Tell whether the database is PostgreSQL, which several replicas may share."""
        return self.database.startswith("postgresql")

    @property
    def database(self) -> str:
        """Give the database URL, password included; by default a SQLite file in ``data_dir``."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'lockstep.db').absolute()}"

    @property
    def database_shown(self) -> str:
        """Name the database for people: the file, or host and database without login."""
        parts = urlsplit(self.database)
        if not self.production:
            return f"SQLite {parts.path.removeprefix('/')}"
        return f"PostgreSQL {parts.hostname or 'localhost'}{parts.path}"

    @property
    def migrate_database(self) -> str:
        """Give the URL that migrations use: the database's own unless another is set."""
        url = self.migrate_database_url
        return self.database if url is None else url.get_secret_value()

    @property
    def read_database(self) -> str | None:
        """Give the standby's URL; None when there is none."""
        url = self.read_database_url
        return None if url is None else url.get_secret_value()

    @property
    def secret(self) -> bytes:
        """Give the secret that all keys are derived from; embedded: made once in ``data_dir``.

        Raises SettingsError when the kept key cannot be read or written.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        try:
            return secret_key_in(self.data_dir)
        except ValueError as error:
            raise SettingsError(f"{PREFIX}SECRET_KEY is not set, and {error}.") from error
        except OSError as error:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY is not set, and {self.data_dir} can keep none "
                f"({error.strerror}): let this user write there, name another directory in "
                f"{PREFIX}DATA_DIR, or set the key."
            ) from error

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say in a sentence each what works but is rarely meant; logged at start."""
        found = [
            f"{name} is not a setting of Lockstep and has no effect."
            for name in unknown_names(self.secrets_dir)
        ]
        if not self.rate_limits:
            found.append(f"{PREFIX}RATE_LIMITS is off: only for tests behind a closed door.")
        if not self.production and self.redis_url is not None:
            found.append(
                f"{PREFIX}REDIS_URL is set, but SQLite allows one replica only, "
                "so there is nobody to talk to through Redis."
            )
        if self.production and self.redis_url is None:
            found.append(
                f"{PREFIX}REDIS_URL is not set: this must be the only replica of the database."
            )
        if not is_loopback(self.host) and self.uds is None and not self.allowed_origins:
            found.append(
                f"{PREFIX}HOST is reachable from outside: set {PREFIX}ALLOWED_ORIGINS to the "
                "address users type, unless they type an IP address."
            )
        return tuple(found)

    @model_validator(mode="after")
    def _combinations(self) -> Self:
        """Refuse what cannot work together, with a sentence that says what to set."""
        for _, sentence in why_impossible(self):
            raise ValueError(sentence)
        return self


class _Unjudged(Settings):
    """Hold settings that are each good, whether or not they can work together."""

    @model_validator(mode="after")
    def _combinations(self) -> Self:
        return self


def load_settings(**overrides: Any) -> Settings:
    """Read the environment, then ``.env``, then secret files; ``overrides`` (field names) win.

    Raises SettingsError with a line for each bad value: its name, its shape and what is allowed.
    """
    try:
        return _read(Settings, overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error))) from None


def load_in_part() -> tuple[Settings, dict[str, str]]:
    """Read as much as is good: the settings, and why others were refused, by their field names.

    A refused one has its default. For whoever looks for what is wrong; nothing is served with it.
    Raises SettingsError where nothing can be read at all.
    """
    try:
        settings, refused = _read(_Unjudged, {}), {}
    except ValidationError as error:
        refused = dict(zip(map(_field_of, error.errors()), _sentences(error), strict=True))
        defaults = {name: Settings.model_fields[name].default for name in refused}
        settings = _read(_Unjudged, defaults)
    impossible = dict(why_impossible(settings))
    if refused:  # what stands in for them may well not fit the rest
        impossible = {name: why for name, why in impossible.items() if name == "secret_key"}
    return settings, impossible | refused


def _read(kind: type[Settings], overrides: dict[str, Any]) -> Settings:
    if wrong := why_unreadable(Path(".env")):
        raise SettingsError(wrong)
    secrets = overrides.get("secrets_dir") or _SecretsDirectory().secrets_dir
    if secrets is not None and not Path(secrets).is_dir():
        raise SettingsError(f"{PREFIX}SECRETS_DIR names no directory: {secrets}")
    try:
        return kind(_secrets_dir=secrets, **overrides)
    except SourceError as error:
        # The cause may hold a part of the secret; its kind does not.
        kind_of_cause = type(error.__cause__).__name__
        raise SettingsError(
            f"A file in {secrets} cannot be read ({kind_of_cause}): each must be UTF-8 text that "
            "the user who runs lockstep may read."
        ) from None


def _sentences(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_url=False):
        if not problem["loc"]:
            yield problem["msg"].removeprefix("Value error, ")
            continue
        name = _field_of(problem)
        field = Settings.model_fields.get(name)
        allowed = field.description if field is not None else None
        yield f"{PREFIX}{name.upper()} is {shape_of(problem['input'])}; allowed: {allowed}."


def _field_of(problem: Any) -> str:
    return str(problem["loc"][0]).removeprefix(PREFIX.lower()) if problem["loc"] else ""


def unknown_names(secrets_dir: Path | None) -> list[str]:
    """Give the names that begin like settings and are none, wherever settings come from."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    dotenv = dotenv_values(".env") if Path(".env").is_file() else {}
    files = [path.name for path in secrets_dir.iterdir()] if secrets_dir else []
    given = {name.upper() for name in (*os.environ, *dotenv, *files)}
    return sorted(name for name in given if name.startswith(PREFIX) and name not in known)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on ``host``; a name is not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
