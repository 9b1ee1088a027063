"""Requests byte by byte: what no HTTP library would send."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from tests.servers.nginx import NAME, Nginx


@dataclass(frozen=True)
class Raw:
    """Hold an answer as it came; ``status`` 0: the connection was closed without one."""

    status: int
    head: bytes
    body: bytes

    def field(self, name: str) -> list[str]:
        """Give every value of a header field, in order."""
        lines = (line.decode("latin-1").partition(":") for line in self.head.split(b"\r\n")[1:])
        return [value.strip() for found, _, value in lines if found.lower() == name.lower()]


def send(nginx: Nginx, data: bytes, *, name: str | None = NAME, source: str = "127.0.0.1") -> Raw:
    """Send ``data`` over TLS and give the first answer.

    ``name`` is the server name that the client asks for, None: it names none. ``source`` is the
    loopback address it comes from. Raises ssl.SSLError when there is no handshake.
    """
    context = nginx.trust()
    context.check_hostname = False
    plain = socket.create_connection(
        ("127.0.0.1", nginx.port), timeout=10, source_address=(source, 0)
    )
    with context.wrap_socket(plain, server_hostname=name) as connection:
        connection.sendall(data)
        return _read(connection)


def send_plain(nginx: Nginx, data: bytes, *, port: int | None = None) -> Raw:
    """Send ``data`` without TLS, to the port for that or to ``port``; give the first answer."""
    with socket.create_connection(
        ("127.0.0.1", port or nginx.plain_port), timeout=10
    ) as connection:
        connection.sendall(data)
        return _read(connection)


def get(nginx: Nginx, target: str, *fields: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Write a request with the right Host, its connection closed after the answer."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {nginx.host}", "Connection: close", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _read(connection: socket.socket) -> Raw:
    received = bytearray()
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except (ConnectionResetError, ssl.SSLEOFError):
        pass  # reset_timedout_connection, or 444: what came is what there is
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    status = int(words[1]) if len(words) > 1 and words[1][:3].isdigit() else 0
    return Raw(status, head, body)
