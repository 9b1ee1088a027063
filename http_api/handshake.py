"""Judge a WebSocket handshake by its header fields, before any WebSocket code sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from http_api.refusals import Malformed, MethodNotAllowed, UpgradeRequired
from store.errors import LockstepError

__all__ = ["handshake_fault"]

_OURS: Final = (
    b"connection",
    b"origin",
    b"sec-websocket-key",
    b"sec-websocket-protocol",
    b"sec-websocket-version",
    b"upgrade",
)
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")  # 16 bytes
_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TOKENS: Final = re.compile(rb"[ \t,]*%b(?:[ \t]*,[ \t,]*%b)*[ \t,]*" % (_TOKEN, _TOKEN))
_SPEAK: Final = "Speak WebSocket here: the Centrifugo client protocol, version 2"


def handshake_fault(
    method: str, http_version: str, headers: Iterable[tuple[bytes, bytes]]
) -> LockstepError | None:
    """Say why this is no handshake (RFC 6455 section 4.2.1); None: it is one.

    Names in ``headers`` are lower case.
    """
    if method != "GET":
        return MethodNotAllowed(["GET"])
    given: dict[bytes, list[bytes]] = {name: [] for name in _OURS}
    for name, value in headers:
        if name in given:
            given[name].append(value)
    if http_version != "1.1":
        return UpgradeRequired(f"{_SPEAK}, over HTTP/1.1.")
    connection = b",".join(given[b"connection"])
    tokens = {token.strip().lower() for token in connection.split(b",")}
    if [value.lower() for value in given[b"upgrade"]] != [b"websocket"] or b"upgrade" not in tokens:
        return UpgradeRequired(f"{_SPEAK}.")
    if given[b"sec-websocket-version"] != [b"13"]:
        return UpgradeRequired(f"{_SPEAK}, over WebSocket version 13.")
    keys = given[b"sec-websocket-key"]
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return Malformed("Sec-WebSocket-Key must be 16 bytes in base64.")
    if not all(_TOKENS.fullmatch(value) for value in given[b"connection"]):
        return Malformed("The field Connection must be a list of tokens.")
    if not all(_TOKENS.fullmatch(value) for value in given[b"sec-websocket-protocol"]):
        return Malformed("Sec-WebSocket-Protocol must be a list of tokens.")
    if len(given[b"origin"]) > 1:
        return Malformed("There must be one field Origin at most.")
    return None
