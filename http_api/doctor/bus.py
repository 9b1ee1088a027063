"""Check what carries changes between replicas: Redis, where it is set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from redis import exceptions

from http_api.doctor.address import address_of, system_words
from http_api.doctor.finding import Finding, ok, warning, wrong
from realtime.redis_condition import read_redis_condition

if TYPE_CHECKING:
    from http_api.settings import Settings
    from realtime.redis_condition import RedisCondition, RedisServer

__all__ = ["check_redis", "judge", "why_away"]

_OLDEST: Final = 7


async def check_redis(settings: Settings) -> list[Finding]:
    """Connect as the bus does, have one message come back, and judge; one line when that fails."""
    url = "" if settings.redis_url is None else settings.redis_url.get_secret_value()
    shown = f"Redis at {address_of(url)}"
    try:
        found = await read_redis_condition(url, settings.namespace)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what there is to say
        why, advice = why_away(error)
        return [wrong("redis", f"{shown} {why}", advice)]
    servers = f", {len(found.servers)} masters answer" if found.cluster else " answers"
    return [ok("redis", shown + servers), *judge(found, settings)]


def judge(found: RedisCondition, settings: Settings) -> list[Finding]:
    """Judge what can be seen of the servers: one line for each thing. Pure."""
    return [
        _version(found.servers),
        *([_slots(found)] if found.cluster else []),
        _carries(found.servers, settings.namespace),
        _memory(found.servers),
    ]


def _version(servers: tuple[RedisServer, ...]) -> Finding:
    subject = "redis version"
    old = [one for one in servers if int((re.findall(r"\d+", one.version) or [0])[0]) < _OLDEST]
    if old:
        return wrong(
            subject,
            f"{old[0].address} has version {old[0].version or 'below 6'}, which is too old",
            "Lockstep needs Redis 7 or newer: upgrade the server.",
        )
    return ok(subject, f"Redis {', '.join(sorted({one.version for one in servers}))}")


def _slots(found: RedisCondition) -> Finding:
    if not found.complete:
        return wrong(
            "redis cluster",
            "some slots have no owner: lists in them are told of late",
            "See `redis-cli --cluster check`, and bring back the master that is missing.",
        )
    return ok("redis cluster", "every slot has an owner")


def _carries(servers: tuple[RedisServer, ...], namespace: str) -> Finding:
    subject = "redis messages"
    for one in servers:
        if one.forbidden:
            return wrong(
                subject,
                f"the login may not use {one.forbidden} on names that begin with {namespace}:",
                "Give it the rights in containers/redis_users.acl, for the namespace in "
                "LOCKSTEP_NAMESPACE.",
            )
        if not one.carries:
            return wrong(
                subject,
                f"{one.address} took a message, and nobody who had subscribed received it",
                "See whether something between here and there answers in the place of Redis.",
            )
        if one.role not in {"master", ""}:
            return wrong(
                subject,
                f"{one.address} is a {one.role}, which passes nothing on to its master",
                "Let LOCKSTEP_REDIS_URL name the master.",
            )
    return ok(subject, "one published came back")


def _memory(servers: tuple[RedisServer, ...]) -> Finding:
    subject = "redis memory"
    for one in servers:
        limits = one.configured.get("client-output-buffer-limit", "")
        if _unlimited(limits):
            return warning(
                subject,
                "client-output-buffer-limit has no limit for pubsub: for a replica that hangs "
                "Redis keeps everything, until its memory is used up",
                "Set it to `pubsub 32mb 8mb 60`: who is cut off catches up from the log.",
            )
        full = one.configured.get("maxmemory", "0") != "0"
        if full and one.configured.get("maxmemory-policy") == "noeviction":
            return warning(
                subject,
                "maxmemory-policy is noeviction: once memory is full no snapshot is kept, and "
                "large lists are read from the database each time",
                "Set maxmemory-policy to volatile-ttl.",
            )
    if not all(one.configured for one in servers):
        return ok(subject, "its limits are not shown to this login, which need not see them")
    return ok(subject, "replicas that hang are cut off, snapshots go within an hour")


def _unlimited(limits: str) -> bool:
    """Tell whether subscribers have neither a hard limit nor a soft one: ``pubsub 0 0 0``."""
    words = limits.split()
    if "pubsub" not in words:
        return False
    hard, soft, _ = words[words.index("pubsub") + 1 :][:3]
    return hard == soft == "0"


def why_away(error: Exception) -> tuple[str, str]:
    """Say why Redis cannot be used, and what to do; nothing that it was told or that it said."""
    start = "Start Redis, or mend host and port in LOCKSTEP_REDIS_URL."
    match error:
        case exceptions.AuthenticationError() | exceptions.NoPermissionError():
            return "refuses the login", (
                "Put user and password into LOCKSTEP_REDIS_URL (redis://user:password@host:6379/0)"
                "; escape what is no letter or digit (@ is %40)."
            )
        case exceptions.BusyLoadingError():
            return "is still loading its data", "Wait a moment and look again."
        case exceptions.TimeoutError() | TimeoutError():
            return "does not answer in time", (
                "See whether the server is stopped or overloaded, whether a firewall drops what "
                "is sent to it and, for rediss://, whether it speaks TLS at that port."
            )
        case exceptions.ResponseError():
            return "refuses what a bus needs", (
                "See whether it is what the URL says: redis+cluster:// is for a cluster, "
                "redis:// for one server."
            )
        case exceptions.InvalidResponse():
            return "does not speak like Redis", start
        case OSError():
            return f"cannot be reached{system_words(error)}", start
        case exceptions.ConnectionError() if isinstance(error.__context__, OSError):
            return f"cannot be reached{system_words(error.__context__)}", start
        case exceptions.RedisError():
            return "cannot be reached, or hung up", start
        case _:
            return "has an address that cannot be read", (
                "LOCKSTEP_REDIS_URL must look like redis://user:password@host:6379/0 or "
                "redis+cluster://user:password@host:6379,other:6379."
            )
