"""Define what carries a connection: a socket of whatever server."""

from __future__ import annotations

from typing import Protocol

from realtime.codes import CloseCode

__all__ = ["Carrier"]


class Carrier(Protocol):
    """Be what a connection needs of its socket. No method waits."""

    name: str
    """What kind of socket it is; one word for all of a kind."""

    def wake(self) -> None:
        """Come and take what waits (``Connection.take``); called often, must be cheap."""

    def close(self, code: CloseCode) -> None:
        """Send what still waits, then close with ``code``."""

    def abort(self) -> None:
        """End the socket without waiting for the peer."""

    def pause(self) -> None:
        """Read nothing from the peer until ``resume``: more waits than it is owed."""

    def resume(self) -> None:
        """Read from the peer again."""
