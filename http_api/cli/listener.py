"""Bind the listening socket before anything else starts, so that a taken port is said at once."""

from __future__ import annotations

import errno
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from http_api.cli.failure import Failure

__all__ = ["UNSENT_BYTES", "Listener", "bind_address", "bind_path"]

UNSENT_BYTES: Final = 64 * 1024
"""Bytes beyond those on their way that the kernel keeps for one peer (TCP only)."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Hold a bound socket and how people reach it.

    ``address`` is the URL to open, or the path of a Unix socket.
    """

    socket: socket.socket
    address: str


def bind_address(host: str, port: int) -> Listener:
    """Bind TCP ``host``:``port`` (port 0: any free one); raises Failure with what to do instead."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Failure(
            f"the host {host!r} is not known on this machine. Use an address such as 127.0.0.1 "
            "(only this machine) or 0.0.0.0 (every network)."
        ) from error
    listening = socket.socket(family, kind, protocol)
    try:
        # A restart must not wait for the minute that closed connections linger in TIME_WAIT.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it. The kernel would otherwise take up to 4 MiB for a peer that
        # reads slowly: memory nobody counts, and minutes of what could have been dropped.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        listening.bind(target)
    except OSError as error:
        listening.close()
        raise Failure(_why_not(error, host, port)) from error
    listening.set_inheritable(True)
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return Listener(listening, f"http://{shown}:{listening.getsockname()[1]}")


def bind_path(path: Path) -> Listener:
    """Bind the Unix socket ``path``, replacing one that nobody serves any more.

    Raises Failure when a running server owns it, or when the path is no socket or cannot be made.
    """
    if path.exists():
        _remove_if_dead(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
        # The proxy in front runs as another user; the directory decides who may come in.
        path.chmod(0o666)
    except OSError as error:
        listening.close()
        raise Failure(
            f"the socket {path} cannot be made ({error.strerror or error}). Choose a path in a "
            "directory that exists and that you may write, shorter than 108 characters."
        ) from error
    listening.set_inheritable(True)
    return Listener(listening, f"unix:{path}")


def _remove_if_dead(path: Path) -> None:
    """Remove a socket file that refuses connections: its server is gone."""
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise Failure(f"{path} exists and is not a socket; choose another path for --uds.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise Failure(
                f"the socket {path} cannot be used: {error.strerror or error}."
            ) from error
    raise Failure(
        f"another server already listens on {path}. Stop it, or choose another path for --uds."
    )


def _why_not(error: OSError, host: str, port: int) -> str:
    """Say why the address cannot be bound and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use, perhaps by another `lockstep serve`. Stop that one, "
            f"or choose another port: lockstep serve --port {port + 1 if port < 65535 else 0}"
        )
    if error.errno == errno.EACCES:
        return (
            f"port {port} needs a privilege that this user lacks. Choose a port from 1024 up: "
            "lockstep serve --port 8000"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"this machine has no address {host}. Use 127.0.0.1 (only this machine) or 0.0.0.0 "
            "(every network)."
        )
    return f"cannot listen on {host} port {port}: {error.strerror or error}."
