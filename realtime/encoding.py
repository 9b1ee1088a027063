"""Define what an encoding of the protocol must be able to do: read commands, spell the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from realtime.codes import ErrorCode, UnsubscribeCode
from realtime.command import Message
from realtime.presence import ClientInfo
from realtime.publication import Publication
from realtime.subscription import Start

__all__ = ["MAX_COMMANDS", "VERSION", "Address", "BadFrame", "Encoding", "TooManyCommands"]

VERSION: Final = "1.0"
MAX_COMMANDS: Final = 1024
"""Commands of one frame: to read all 260,000 that fit into 256 KiB would hold the loop 0.2 s."""


class BadFrame(Exception):
    """Say that a frame is none of the protocol: the connection must be closed."""


class TooManyCommands(BadFrame):
    """Say that a frame holds more commands than ``MAX_COMMANDS``."""


class Address(NamedTuple):
    """Say where requests reach a connection whose carrier takes nothing from the client.

    ``session`` is a secret that only this client knows, ``node`` the replica's id.
    """

    session: str
    node: str


class Encoding(Protocol):
    """Read and spell the protocol in one of its forms, the one that the handshake chose.

    There is one object for all who chose it. Whatever it spells is finished: messages become one
    frame by ``separator`` between them, and the same bytes may go to every peer of the encoding.
    """

    subprotocol: str
    """Its name in the handshake."""
    text: bool
    """Whether frames are text or binary (RFC 6455 section 5.6)."""
    separator: bytes
    """What joins messages to a frame."""
    ping: bytes
    """The server's question whether the client is still there."""

    def parse(self, frame: bytes) -> list[Message]:
        """Read the commands of one frame, in order; raises ``BadFrame`` and nothing else.

        Of more than ``MAX_COMMANDS`` none is read.
        """

    def publication(self, publication: Publication) -> bytes:
        """Push an entry; spelled once, then the same bytes."""

    def connect_reply(
        self,
        number: int,
        client: str,
        ttl: int,
        ping: int,
        subs: Mapping[str, Start],
        address: Address | None = None,
    ) -> bytes:
        """Accept a connection; ``ttl`` and ``ping`` in seconds, ``address`` None: a socket."""

    def subscribe_reply(self, number: int, start: Start | None) -> bytes:
        """Accept a subscription; None: to a channel without positions."""

    def empty_reply(self, number: int, name: str) -> bytes:
        """Say that the command ``name`` is done: publish, unsubscribe, ping."""

    def rpc_reply(self, number: int, body: bytes) -> bytes:
        """Answer an rpc with finished JSON."""

    def refresh_reply(self, number: int, ttl: int) -> bytes:
        """Accept a fresh token; ``ttl`` in seconds."""

    def presence_reply(self, number: int, infos: Iterable[ClientInfo]) -> bytes:
        """Tell who is here, by client id."""

    def presence_stats_reply(self, number: int, clients: int, users: int) -> bytes:
        """Tell how many are here."""

    def history_reply(
        self, number: int, epoch: str, offset: int, publications: Iterable[Publication] | None
    ) -> bytes:
        """Give a part of a log; None: its position only."""

    def error_reply(self, number: int, error: ErrorCode) -> bytes:
        """Refuse a command."""

    def unsubscribe_push(self, channel: str, code: UnsubscribeCode) -> bytes:
        """End a subscription from the server's side."""

    def join_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection came."""

    def leave_push(self, channel: str, info: ClientInfo) -> bytes:
        """Say that a connection went."""

    def signal_push(self, channel: str, data: bytes, info: ClientInfo) -> bytes:
        """Pass a signal on, with who sent it; ``data`` is finished JSON."""
