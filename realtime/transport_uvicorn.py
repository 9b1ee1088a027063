"""Run WebSockets under uvicorn with sight of the write buffer, ends that end, and caps.

Uvicorn is given the class by name (its option ``ws``). It changes nothing of what ASGI says; what
it adds is in ``scope["extensions"]["lockstep.transport"]`` (``transport_asgi.Wire``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from realtime import codes
from realtime.codes import CloseCode
from realtime.transport_asgi import EXTENSION

__all__ = ["WebSocketProtocol"]

_SLICE: Final = 4096  # bytes parsed before the caps are looked at: 700 of the smallest frames


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Be uvicorn's sans-I/O protocol, bounded in what one peer can make it hold.

    The constants are for tests to shorten in a subclass.
    """

    write_buffer_bytes = 32 * 1024
    """Bytes that the kernel has not taken, above which the writer is to wait."""
    close_s = 5.0
    """Seconds from the wish to close to the abort, for a peer that does not read or answer."""
    max_fragments = 64
    max_control_frames = 10  # pings and pongs a second
    _window_s = 1.0

    full = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.close_timeout = self.close_s
        self.on_room: Callable[[], None] = _nobody
        self._deaf = False  # cut: what still comes in is thrown away
        self._control_frames = 0
        self._window_ends = 0.0

    # --- what the app sees (transport_asgi.Wire) --------------------------------------------------

    @property
    def unsent(self) -> int:
        """Count the bytes that wait for the kernel to take them."""
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """End the connection now; what waits for the peer is lost."""
        self.transport.abort()

    # --- the transport's side ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; from here on every close ends in an abort if the peer holds it up."""
        ending = _Ending(cast("asyncio.Transport", transport), self.loop, self.close_s)
        super().connection_made(cast("asyncio.BaseTransport", ending))
        # Both marks the same: there is room as soon as the buffer is down to what it may hold.
        size = self.write_buffer_bytes
        self.transport.set_write_buffer_limits(high=size, low=size)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        cast("_Ending", self.transport).ended()
        self.on_room = _nobody

    def eof_received(self) -> None:
        """Close, as the transport itself would, but not for ever."""
        self.transport.close()

    def pause_writing(self) -> None:
        """Learn that the kernel takes less than it is given."""
        super().pause_writing()
        self.full = True

    def resume_writing(self) -> None:
        """Learn that there is room again."""
        super().resume_writing()
        self.full = False
        self.on_room()

    def data_received(self, data: bytes) -> None:
        """Take in what arrived, little by little: a cap counts before the next part is parsed."""
        for start in range(0, len(data), _SLICE):
            if self._deaf:
                return
            super().data_received(data[start : start + _SLICE])

    # --- frames -----------------------------------------------------------------------------------

    def handle_connect(self, event: Request) -> None:
        """Put this object where the app finds it."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            # The app's task has been made, and has not run yet.
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[EXTENSION] = self

    def handle_text(self, event: Frame) -> None:
        """Take a message, or the first part of one."""
        if not self._deaf:
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Take a message, or the first part of one."""
        if not self._deaf:
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a further part: empty ones are free for the sender, and not for us."""
        if self._deaf:
            return
        if len(self.frames) >= self.max_fragments:
            self._cut(codes.TOO_MANY_FRAGMENTS)
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless there are too many of them, or the peer does not take the answers."""
        if not self._may_control():
            return
        if self.full:
            self.conn.data_to_send()  # a pong nobody reads; the next ping asks again
            return
        super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take an answer, unless there are too many of them."""
        if self._may_control():
            super().handle_pong(event)

    def _may_control(self) -> bool:
        if self._deaf:
            return False
        now = self.loop.time()
        if now >= self._window_ends:
            self._window_ends = now + self._window_s
            self._control_frames = 0
        self._control_frames += 1
        if self._control_frames > self.max_control_frames:
            self._cut(codes.TOO_MANY_COMMANDS)
            return False
        return True

    # --- ends -------------------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        """Send; a close frame does not wait for room, and bounds the time that is left."""
        closes = message["type"] == "websocket.close" and self.handshake_complete
        if closes:
            self.writable.set()  # nothing follows a close frame, so this lets nothing else through
        await super().send(message)
        if closes:
            self._abort_soon()

    def _cut(self, code: CloseCode) -> None:
        """Say why, and listen no longer.

        What still arrives is read and thrown away: closing on unread data would reset the
        connection, and the peer might never see the reason.
        """
        self._deaf = True
        self.frames = []
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.data_to_send()  # pongs of the same flood
        self.conn.send_close(code.code, code.reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": code.code, "reason": code.reason}
        )
        self._abort_soon()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def _abort_soon(self) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(self.close_s, self.transport.abort)


class _Ending:
    """Be a transport whose ``close`` aborts when the peer does not take what is left in time.

    ``close`` alone waits for the write buffer to empty: with a peer that stopped reading, for ever.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, close_s: float
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._close_s = close_s
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close when the buffer is empty, abort after ``close_s`` seconds."""
        if self._timer is None and not self._ended:
            self._timer = self._loop.call_later(self._close_s, self._transport.abort)
        self._transport.close()

    def ended(self) -> None:
        """Learn that the connection is gone: there is nothing left to abort."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _nobody() -> None:
    """Be told of room when nobody waits for it."""
