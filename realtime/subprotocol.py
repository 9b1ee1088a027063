"""Choose the encoding of a connection by what its handshake asks for."""

from __future__ import annotations

from collections.abc import Collection

from realtime.encoding import Encoding
from realtime.encoding_json import JSON
from realtime.encoding_protobuf import PROTOBUF

__all__ = ["choose"]


def choose(asked: Collection[str]) -> tuple[Encoding, str | None]:
    """Give the encoding, and the subprotocol to answer with: None when none is known.

    JSON goes before Protobuf, and is what those get who ask for nothing (RFC 6455 section 4.2.2).
    """
    for encoding in (JSON, PROTOBUF):
        if encoding.subprotocol in asked:
            return encoding, encoding.subprotocol
    return JSON, None
