"""Check how people come in: where it listens, whose pages may use it, whose word counts."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from http_api.doctor.address import system_words
from http_api.doctor.finding import Finding, ok, warning, wrong
from http_api.settings import is_loopback

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["check_listening", "judge_limits", "judge_origins", "judge_proxies"]

_LONGEST_PATH: Final = 107  # bytes of a Unix socket's path, without the zero at its end


async def check_listening(settings: Settings) -> list[Finding]:
    """Look whether the address is one of this machine, and fit to be open; listens to nothing."""
    return [await asyncio.to_thread(_listening, settings)]


def _listening(settings: Settings) -> Finding:
    subject, host = "listening", settings.host
    if settings.uds is not None:
        return _unix_socket(settings.uds.absolute())
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(target)  # to any free port: the service may be running on its own
    except OSError as error:
        why = "" if error.errno == errno.EADDRNOTAVAIL else system_words(error)
        return wrong(
            subject,
            f"{host} is no address of this machine{why}",
            "Set LOCKSTEP_HOST to 127.0.0.1 (only this machine) or 0.0.0.0 (every network).",
        )
    if is_loopback(host):
        return ok(subject, f"{host} port {settings.port}, from this machine only")
    if not any(one.startswith("https://") for one in settings.allowed_origins):
        return warning(
            subject,
            f"{host} is reachable from other machines, and what is sent there is not encrypted",
            "Put Nginx with TLS in front (docs/production.md) and listen on 127.0.0.1 or with "
            "--uds.",
        )
    return ok(subject, f"{host} port {settings.port}; let only the proxy with TLS get there")


def _unix_socket(path: Path) -> Finding:
    subject, directory = "listening", path.parent
    if len(os.fsencode(path)) > _LONGEST_PATH:
        return wrong(subject, f"{path} is too long for a socket", "Choose a shorter LOCKSTEP_UDS.")
    if not directory.is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        return wrong(
            subject,
            f"{directory} is no directory that this user may write",
            "Make it, for this user and the group of Nginx, or set another LOCKSTEP_UDS.",
        )
    if directory.stat().st_mode & 0o001:
        return warning(
            subject,
            f"everybody on this machine may enter {directory}, and who opens the socket is "
            "believed about client addresses",
            f"Run: chmod 750 {directory} (its group is that of Nginx)",
        )
    return ok(subject, f"{path}, behind a proxy")


def judge_origins(settings: Settings) -> Finding:
    """Judge whose pages may use the service. Pure."""
    subject, origins = "origins", sorted(settings.allowed_origins)
    if not origins:
        says = "the page is allowed where it is opened by an IP address or as localhost"
        if settings.production or settings.uds is not None or not is_loopback(settings.host):
            return warning(
                subject,
                f"{says}; under any other name it cannot connect",
                "Set LOCKSTEP_ALLOWED_ORIGINS to the address users type, such as "
                "https://todo.example.org.",
            )
        return ok(subject, says)
    plain = [one for one in origins if one.startswith("http://") and not _is_local(one)]
    if plain:
        return warning(
            subject,
            f"{', '.join(plain)} is not encrypted on the way: passwords and tokens can be read",
            "Serve it with TLS and name it with https:// in LOCKSTEP_ALLOWED_ORIGINS.",
        )
    return ok(subject, ", ".join(origins))


def judge_proxies(settings: Settings) -> Finding:
    """Judge whose word about client addresses counts. Pure."""
    subject = "proxies"
    if settings.uds is not None:
        return ok(subject, "whoever may open the Unix socket is believed about client addresses")
    named = [one.strip() for one in settings.trusted_proxies.split(",") if one.strip()]
    if "*" in named:
        return warning(
            subject,
            "everybody is believed about client addresses, and can get around the login limits",
            "Set LOCKSTEP_TRUSTED_PROXIES to the addresses of your proxies.",
        )
    bad = [one for one in named if not _is_network(one)]
    if bad:
        return warning(
            subject,
            f"{len(bad)} of {len(named)} in LOCKSTEP_TRUSTED_PROXIES is no address and no network",
            "Write addresses or networks, such as 10.0.0.5,10.1.0.0/16; names are not looked up, "
            "and all who come by that proxy count as one client.",
        )
    return ok(subject, f"believed about client addresses: {', '.join(named) or 'nobody'}")


def judge_limits(settings: Settings) -> Finding:
    """Judge whether wrong passwords are counted. Pure."""
    if not settings.rate_limits:
        return warning(
            "rate limits",
            "off: passwords can be guessed as fast as they are sent",
            "Remove LOCKSTEP_RATE_LIMITS; off is for load tests behind a closed door.",
        )
    return ok("rate limits", "wrong passwords are counted")


def _is_local(origin: str) -> bool:
    return is_loopback(urlsplit(origin).hostname or "")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
