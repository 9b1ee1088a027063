"""Check the database: PostgreSQL, and a standby of it when one is set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import ArgumentError

from http_api.doctor.address import address_of, system_words
from http_api.doctor.finding import Finding, ok, warning, wrong
from http_api.pools import pools_of
from store.condition import Condition, read_condition
from store.database import Pool
from store.revisions import Revisions

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["check_migrating_login", "check_postgresql", "check_standby", "judge", "why_away"]

_OLDEST: Final = 150_000  # MERGE, security_invoker and what else the schema stands on
_SKEW_S: Final = (1.0, 5.0)
_BEHIND_BYTES: Final = 16 * 2**20  # one file of the write-ahead log
_MIGRATE: Final = (
    "Run `lockstep migrate`, with LOCKSTEP_MIGRATE_DATABASE_URL where the login may not do that."
)

# By SQLSTATE: what the server said, in our words, which repeat nothing that it was told.
_REFUSALS: Final = {
    "28P01": ("refuses the login: the password is wrong", "password"),
    "28000": ("refuses the login", "login"),
    "3D000": ("has no database of this name", "name"),
    "42501": ("does not let this login into the database", "login"),
    "53300": ("has no connection left", "room"),
    "57P03": ("is still starting, or stopping", "wait"),
}


async def check_postgresql(settings: Settings) -> list[Finding]:
    """Connect as the service does, and judge what is found; one line when that fails."""
    name, url = "LOCKSTEP_DATABASE_URL", settings.database
    shown = f"PostgreSQL at {address_of(url)}"
    found = await _read(url)
    if isinstance(found, Exception):
        return [_away("database", shown, name, found)]
    return [ok("database", f"{shown} answers"), *judge(found, settings, Revisions())]


async def check_migrating_login(settings: Settings) -> list[Finding]:
    """Look whether the login that migrates gets in, to the same database."""
    subject, name = "migrating login", "LOCKSTEP_MIGRATE_DATABASE_URL"
    found = await _read(settings.migrate_database)
    if isinstance(found, Exception):
        shown = f"PostgreSQL at {address_of(settings.migrate_database)}"
        return [_away(subject, shown, name, found)]
    first = await _read(settings.database)
    if isinstance(first, Condition) and _place(found) != _place(first):
        return [
            wrong(
                subject,
                f"{name} leads to another database than LOCKSTEP_DATABASE_URL",
                "Let both name the same server and the same database.",
            )
        ]
    return [ok(subject, f"{found.login} gets in")]


async def check_standby(settings: Settings) -> list[Finding]:
    """Look whether the standby follows, and follows this database."""
    subject, name = "standby", "LOCKSTEP_READ_DATABASE_URL"
    url = settings.read_database or ""
    # The first before the second: what is written in between must not look like a delay.
    first = await _read(settings.database)
    found = await _read(url)
    if isinstance(found, Exception):
        lost = _away(subject, f"PostgreSQL at {address_of(url)}", name, found)
        return [warning(subject, f"{lost.says}; snapshots come from the first", lost.advice)]
    if not found.standby:
        return [
            wrong(
                subject,
                f"{address_of(url)} is no standby: it takes writes of its own",
                f"Let {name} name a server that follows the first, or remove it; one that was "
                "promoted needs a new epoch (docs/production.md).",
            )
        ]
    if isinstance(first, Condition):
        if found.epoch is not None and first.epoch is not None and found.epoch != first.epoch:
            return [
                wrong(
                    subject,
                    f"{address_of(url)} follows another database",
                    f"Let {name} name a standby of the server in LOCKSTEP_DATABASE_URL.",
                )
            ]
        behind = first.written - found.written
        if behind > _BEHIND_BYTES:
            return [
                warning(
                    subject,
                    f"{address_of(url)} is {behind // 2**20} MiB of log behind; snapshots come "
                    "from the first meanwhile",
                    "See in its log whether it still receives, and whether it keeps up.",
                )
            ]
    return [ok(subject, f"{address_of(url)} follows")]


def judge(found: Condition, settings: Settings, revisions: Revisions) -> list[Finding]:
    """Judge what a login sees of the server: one line for each thing. Pure."""
    shut = not all(role.open for role in found.roles.values())
    return [
        _version(found),
        _login(found),
        # Who is not let in cannot look, and it is said already.
        *([] if shut else [_schema(found, revisions)]),
        _durability(found),
        _connections(found, settings),
        _clock(found),
    ]


def _version(found: Condition) -> Finding:
    if found.version < _OLDEST:
        return wrong(
            "database version",
            f"PostgreSQL {found.version_shown} is too old",
            "Lockstep needs PostgreSQL 15 or newer: upgrade the server.",
        )
    return ok("database version", f"PostgreSQL {found.version_shown}")


def _login(found: Condition) -> Finding:
    subject = "database login"
    acting = [pool.value for pool in Pool]
    unbound = [name for name in acting if name in found.roles and found.roles[name].unbound]
    if unbound:
        return wrong(
            subject,
            f"row-level security does not bind the role {', '.join(unbound)}",
            "As a superuser of PostgreSQL: ALTER ROLE with NOSUPERUSER NOBYPASSRLS, and let "
            "lockstep_owner own the tables.",
        )
    shut = [name for name in acting if name in found.roles and not found.roles[name].open]
    if shut:
        return wrong(
            subject,
            f"{found.login} may not act as {', '.join(shut)}",
            "Run `lockstep migrate` with LOCKSTEP_MIGRATE_DATABASE_URL set beside "
            "LOCKSTEP_DATABASE_URL: it lets the serving login in.",
        )
    if found.login_unbound:
        return warning(
            subject,
            f"{found.login} is a superuser, may bypass row-level security or owns tables; "
            "Lockstep gives that up on connecting, whoever steals the password does not",
            "Serve with a plain login, such as containers/postgresql.sh makes, and keep this one "
            "for LOCKSTEP_MIGRATE_DATABASE_URL.",
        )
    return ok(subject, f"{found.login} is bound by row-level security")


def _schema(found: Condition, revisions: Revisions) -> Finding:
    subject, at = "database schema", found.revision
    if not found.readable or len(found.roles) < len(Pool) or at is None:
        return wrong(subject, "there is none yet, or not all of it", _MIGRATE)
    if at not in revisions.names:
        return warning(
            subject,
            f"revision {at} was made by a newer version than this one",
            "It may be served; bring this installation to the version of the others.",
        )
    if not revisions.suffices(at):
        return wrong(subject, f"revision {at}, this version needs {revisions.needed}", _MIGRATE)
    if at != revisions.newest:
        return warning(
            subject,
            f"revision {at}, the newest is {revisions.newest}",
            "Run `lockstep migrate` once no replica of the previous version is left.",
        )
    return ok(subject, f"revision {at}, the newest")


def _durability(found: Condition) -> Finding:
    subject = "database safety"
    if found.standby or found.read_only:
        return wrong(
            subject,
            "the server takes no writes: it is a standby, or read-only by its settings",
            "Let LOCKSTEP_DATABASE_URL name the first server; a standby belongs into "
            "LOCKSTEP_READ_DATABASE_URL.",
        )
    if found.dangers:
        return wrong(
            subject,
            f"{', '.join(found.dangers)} off: a crash loses what was acknowledged, and devices "
            "then disagree",
            "Set to on in postgresql.conf (or ALTER ROLE, ALTER DATABASE) and reload; restart "
            "where it says so.",
        )
    if found.encoding != "UTF8":
        return wrong(
            subject,
            f"the database is encoded in {found.encoding}, which has not all characters",
            "Make a database with ENCODING 'UTF8' and move there with pg_dump and pg_restore.",
        )
    return ok(subject, "what is acknowledged survives a crash")


def _connections(found: Condition, settings: Settings) -> Finding:
    subject, each = "database connections", pools_of(settings).connections
    room, wanted = found.connections // each, settings.workers + 1
    says = f"{found.connections} in all, {each} a process at most: room for {room}"
    if room < wanted:
        return warning(
            subject,
            f"{says}, and {wanted} are wanted (with `lockstep worker`)",
            "Raise max_connections of PostgreSQL (or the limit of this login or database), or "
            "lower LOCKSTEP_DATABASE_POOL_SIZE.",
        )
    return ok(subject, f"{says} replicas and workers")


def _clock(found: Condition) -> Finding:
    subject, off = "clock", abs(found.clock_s)
    which = "ahead of" if found.clock_s > 0 else "behind"
    says = f"the database's is {off:.1f} s {which} this machine's"
    advice = "Let both machines follow the same time, by chrony or systemd-timesyncd."
    if off > _SKEW_S[1]:
        return wrong(subject, says, advice)
    if off > _SKEW_S[0]:
        return warning(subject, says, advice)
    return ok(subject, "agrees with the database's")


def why_away(error: Exception) -> tuple[str, str]:
    """Say why a server cannot be used, and a word for what to look at; nothing that it was told."""
    if isinstance(error, (ArgumentError, ValueError)):
        return "the URL cannot be read", "url"
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None)
    if state in _REFUSALS:
        return _REFUSALS[state]
    if state is not None:
        return f"refuses (SQLSTATE {state})", "log"
    if isinstance(error, TimeoutError):
        return "does not answer in time", "frozen"
    if isinstance(error, TypeError):
        return "is not asked: its URL has an option that the driver does not know", "option"
    if isinstance(error, ConnectionError) and "rejected SSL" in str(error):
        return "speaks no TLS, which the URL asks for", "tls"
    if isinstance(error, OSError):
        return f"cannot be reached{system_words(error)}", "address"
    return "does not speak like PostgreSQL, or hung up", "address"


_ADVICE: Final = {
    "url": "{name} must look like postgresql://user:password@host:5432/database; escape what is "
    "no letter or digit in the password (@ is %40).",
    "option": "Mend what stands behind ? in {name}; TLS is asked for with ssl=require.",
    "tls": "Set ssl = on in postgresql.conf with a certificate, or remove ssl= from {name}.",
    "password": "Put the right password into {name}; escape what is no letter or digit (@ is %40).",
    "login": "Look at the user in {name}, at its rights, and at pg_hba.conf of the server.",
    "name": "Create it (containers/postgresql.sh shows how), or mend the name in {name}.",
    "room": "Raise max_connections of PostgreSQL, or end what else uses it.",
    "wait": "Wait a moment and look again; its log says what it does.",
    "log": "The log of PostgreSQL says why.",
    "frozen": "See whether the server is stopped or overloaded, and whether a firewall drops what "
    "is sent to it.",
    "address": "Start PostgreSQL, or mend host and port in {name}.",
}


def _away(subject: str, shown: str, name: str, error: Exception) -> Finding:
    why, kind = why_away(error)
    return wrong(subject, f"{shown} {why}", _ADVICE[kind].format(name=name))


async def _read(
    url: str, read: Callable[[str], Awaitable[Condition]] = read_condition
) -> Condition | Exception:
    try:
        return await read(url)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what there is to say
        return error


def _place(found: Condition) -> tuple[object, str]:
    return found.started, found.database
