"""A client of HTTP streaming made of a bare socket, which may stop reading."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any, Self

import httptools

__all__ = ["RawStream"]

_DEADLINE_S = 15.0  # only a failing test waits that long


class RawStream:
    """Hold one stream; nothing is read but by ``line``.

    ``status`` is the answer's, ``whole`` whether it came to its end. ``address`` is the body of a
    request to ``/emulation`` but for its data.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.status = 0
        self.whole = False
        self.address: dict[str, str] = {}
        self._text = b""
        self._parser = httptools.HttpResponseParser(self)

    @classmethod
    async def open(
        cls,
        port: int,
        *commands: dict[str, Any],
        receive_bytes: int | None = None,
        host: str = "127.0.0.1",
    ) -> Self:
        """Ask for a stream; ``receive_bytes`` bounds what the kernel takes for a slow reader."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made = cls(sock)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", port))
        body = "\n".join(json.dumps(command) for command in commands)
        await loop.sock_sendall(
            sock,
            f"POST /connection/http_stream HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode(),
        )
        return made

    async def line(self) -> dict[str, Any]:
        """Give the next message; raises EOFError when there is none any more."""
        while b"\n" not in self._text:
            if self.whole:
                raise EOFError
            loop = asyncio.get_running_loop()
            data = await asyncio.wait_for(loop.sock_recv(self.sock, 4_096), _DEADLINE_S)
            if not data:
                raise EOFError
            self._parser.feed_data(data)
        line, _, self._text = self._text.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        told = message.get("connect", {})
        if "session" in told:
            self.address = {"session": told["session"], "node": told["node"]}
        return message

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    # --- the parser's side ------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """Note the status."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Take what came."""
        self._text += body

    def on_message_complete(self) -> None:
        """Note the end."""
        self.whole = True
