"""A WebSocket client made of a bare socket: it may send what no library would, and stop reading."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from typing import Any, Self

__all__ = ["CLOSE", "CONT", "PING", "PONG", "TEXT", "RawWebSocket", "frame"]

CONT, TEXT, CLOSE, PING, PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_DEADLINE_S = 15.0  # only a failing test waits that long


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Spell one masked frame (RFC 6455 section 5.2)."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        head += struct.pack("!BH", 0x80 | 126, len(payload))
    else:
        head += struct.pack("!BQ", 0x80 | 127, len(payload))
    return head + b"\0\0\0\0" + payload  # a mask of zeros changes nothing


class RawWebSocket:
    """Hold an upgraded socket; nothing is read but by ``read_frame`` and what calls it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    @classmethod
    async def open(cls, port: int, *, receive_bytes: int | None = None) -> Self:
        """Connect and upgrade; ``receive_bytes`` bounds what the kernel takes for a slow reader."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made = cls(sock)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", port))
        request = (
            "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await made.send(request.encode())
        while b"\r\n\r\n" not in made._buffer:
            await made._more()
        head, _, made._buffer = made._buffer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        return made

    async def send(self, data: bytes) -> None:
        """Send bytes as they are; raises OSError when the peer has reset the connection."""
        await asyncio.wait_for(
            asyncio.get_running_loop().sock_sendall(self.sock, data), _DEADLINE_S
        )

    async def call(self, number: int, name: str, **body: Any) -> dict[str, Any]:
        """Send one command and give its reply; pushes before it are passed over."""
        await self.send(frame(TEXT, json.dumps({"id": number, name: body}).encode()))
        while True:
            for message in await self.messages():
                if message.get("id") == number:
                    return message

    async def messages(self) -> list[dict[str, Any]]:
        """Read the next text frame and give its messages."""
        opcode, payload = await self.read_frame()
        assert opcode == TEXT, (opcode, payload)
        return [json.loads(line) for line in payload.split(b"\n")]

    async def closed(self) -> tuple[int, str]:
        """Read on to the close frame; gives code and reason. Raises EOFError without one."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    async def read_frame(self) -> tuple[int, bytes]:
        """Read one frame: its opcode and payload. Raises EOFError at the end."""
        head = await self._exactly(2)
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", await self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._exactly(8))
        return head[0] & 0xF, await self._exactly(size)

    async def ended(self) -> None:
        """Read and throw away until the connection is over."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._buffer = b""
                await self._more()

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def _more(self) -> None:
        loop = asyncio.get_running_loop()
        data = await asyncio.wait_for(loop.sock_recv(self.sock, 65_536), _DEADLINE_S)
        if not data:
            raise EOFError
        self._buffer += data
