"""Run HTTP under uvicorn so that every refusal, also that of a handshake, is a problem of ours."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from http_api.handshake import handshake_fault
from http_api.problems import problem_response
from http_api.refusals import FieldsTooLarge, Malformed
from http_api.request_head import (
    MAX_FIELDS_BYTES,
    MAX_TARGET_BYTES,
    ODD_TARGET,
    refuse_ambiguous,
)
from http_api.request_id import request_id_in
from http_api.socket_door import DOOR, SOCKET_PATH, STREAM_PATH
from realtime.transport_stream import ABORT
from store.errors import LockstepError

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from http_api.socket_door import SocketDoor

__all__ = ["HttpProtocol"]

_SOCKET_PATH: Final = SOCKET_PATH.encode()
_STREAM_PATH: Final = STREAM_PATH.encode()

# What the parser keeps of a head that does not end, a field as long as it likes, has no bound of
# its own. Whole heads are held to less, in ``request_head``.
_MAX_HEAD_BYTES: Final = 2 * (MAX_FIELDS_BYTES + MAX_TARGET_BYTES)
# The largest body there may be is 10 MiB; what nobody reads, and what frames it, is bounded here.
_MAX_BODY_BYTES: Final = 12 * 1024 * 1024


class _Nowhere(list[tuple[bytes, bytes]]):
    """Take trailer fields and drop them: a head that was checked must not change any more."""

    def append(self, _field: tuple[bytes, bytes], /) -> None:
        """Keep nothing (RFC 9110 section 6.5.1)."""


_NOWHERE: Final = _Nowhere()


class HttpProtocol(HttpToolsProtocol):
    """Be uvicorn's protocol, with seven differences.

    A handshake at the socket's door goes no way round by ASGI: it is answered here, and the replica
    takes the transport over. One that is none, or is refused, or whose target or host is ambiguous,
    is served as plain HTTP: the app then answers it like any other request, with a request id. A
    target that is no path is marked in the scope, since what the app is given of it looks like one.
    What does not parse at all is answered with a problem, after the answers to what came before it.
    A head or a body without an end is cut, and trailer fields are dropped. The answer of a stream
    may be cut, with whatever its client did not read.
    """

    _upgrades: bool | None = None  # whether the present request does; None: not asked yet
    _bound = 0  # bytes that the present part of a request may have; 0: between requests
    _size = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came, and bound how much of one part may come."""
        bound = self._bound
        super().data_received(data)
        # Parts that began in these bytes are counted from the next ones on.
        if bound and bound == self._bound:
            self._size += len(data)
            if self._size > bound:
                self._cut()

    def _cut(self) -> None:
        if self._bound == _MAX_HEAD_BYTES:
            self._refuse(FieldsTooLarge("The header fields are far too large."))
        else:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._upgrades = None
        self._bound, self._size = _MAX_HEAD_BYTES, 0

    def on_message_complete(self) -> None:
        """End a request."""
        super().on_message_complete()
        self._bound = 0

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._bound, self._size = _MAX_BODY_BYTES, 0
        if len(self.url) > MAX_TARGET_BYTES + 2:
            # With path and query still too long, and short enough to be parsed.
            self.url = self.url[: MAX_TARGET_BYTES + 2]
        if not self.url.startswith(b"/") or b"#" in self.url:
            cast("dict[str, Any]", self.scope)["extensions"] = {ODD_TARGET: {}}
        elif self.url.partition(b"?")[0] == _STREAM_PATH:
            abort = {"call": self.transport.abort}
            cast("dict[str, Any]", self.scope)["extensions"] = {ABORT: abort}
        super().on_headers_complete()
        if not self._upgrades:
            self.headers = _NOWHERE

    def _should_upgrade(self) -> bool:
        if self._upgrades is None:
            self._upgrades = self._is_handshake()
        return self._upgrades

    def _is_handshake(self) -> bool:
        if not super()._should_upgrade() or not self.url.startswith(b"/"):
            return False
        # The scope has no path yet; the handshake's headers are all that can be looked at.
        scope = {**self.scope, "raw_path": self.url.partition(b"?")[0]}
        version = self.scope["http_version"]
        if handshake_fault(self.scope["method"], version, self.headers) is not None:
            return False
        try:
            refuse_ambiguous(scope)
        except Malformed:
            return False
        door = self._door()
        return door is None or door.fault(scope) is None

    def _door(self) -> SocketDoor | None:
        """Find the door that the request stands before; None: it goes to the app."""
        if self.url.partition(b"?")[0] != _SOCKET_PATH:
            return None
        door: SocketDoor | None = self.app_state.get(DOOR)
        return door

    def handle_websocket_upgrade(self) -> None:
        """Answer the handshake and let the replica have the transport."""
        door = self._door()
        if door is None:
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        # Else this object, of no more use, would wait for the cycle of the two to be collected.
        self.parser = None  # type: ignore[assignment]
        door.open(self.headers, self.transport, self.connections)

    def _unsupported_upgrade_warning(self) -> None:
        """Go on without a warning: the app tells the peer. What follows is of no known protocol."""
        self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answer what does not parse, and close."""
        self._refuse(Malformed(msg))

    def _refuse(self, error: LockstepError) -> None:
        """Answer and close, unless requests before this one wait for their answers.

        The caller would take this one for theirs: a write that was refused, though it was done.
        """
        if self.transport.is_closing():
            return
        before = cast("RequestResponseCycle | None", self.cycle)
        if before is not None and not before.response_complete:
            if self.pipeline or (before.more_body and before.response_started):
                self.transport.close()
                return
            if not before.more_body:
                before.keep_alive = False
                self.flow.pause_reading()
                return
        # What came of it may be half a field, so nothing of it is trusted, not even an id.
        refusal = problem_response(error, request_id := request_id_in(()))
        fields = [*refusal.raw_headers, (b"x-request-id", request_id.encode())]
        status = HTTPStatus(error.status)
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + b"".join(
            b"%b: %b\r\n" % field for field in (*self.server_state.default_headers, *fields)
        )
        self.transport.write(head + b"connection: close\r\n\r\n" + bytes(refusal.body))
        self.transport.close()
