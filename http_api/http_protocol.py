"""Run HTTP under uvicorn so that every refusal, also that of a handshake, is a problem of ours."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from http_api.handshake import handshake_fault
from http_api.problems import problem_response
from http_api.refusals import Malformed
from http_api.request_head import ODD_TARGET, refuse_ambiguous
from http_api.request_id import request_id_in

__all__ = ["HttpProtocol"]


class HttpProtocol(HttpToolsProtocol):
    """Be uvicorn's protocol, with three differences.

    A handshake that is none, or whose target or host is ambiguous, is served as plain HTTP: the app
    then answers it like any other request, with a request id. A target that is no path is marked in
    the scope, since what the app is given of it looks like one. What does not parse at all is
    answered with a problem.
    """

    _upgrades: bool | None = None  # whether the present request does; None: not asked yet

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._upgrades = None

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        if not self.url.startswith(b"/"):
            cast("dict[str, Any]", self.scope)["extensions"] = {ODD_TARGET: {}}
        super().on_headers_complete()

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
        return True

    def _unsupported_upgrade_warning(self) -> None:
        """Go on without a warning: the app tells the peer. What follows is of no known protocol."""
        self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answer what does not parse, and close."""
        if self.transport.is_closing():
            return
        # What came of it may be half a field, so nothing of it is trusted, not even an id.
        refusal = problem_response(Malformed(msg), request_id := request_id_in(()))
        fields = [*refusal.raw_headers, (b"x-request-id", request_id.encode())]
        head = f"HTTP/1.1 400 {HTTPStatus(400).phrase}\r\n".encode() + b"".join(
            b"%b: %b\r\n" % field for field in (*self.server_state.default_headers, *fields)
        )
        self.transport.write(head + b"connection: close\r\n\r\n" + bytes(refusal.body))
        self.transport.close()
