"""Spell a refresh token and read it back; nothing secret needs to be stored for it."""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from uuid import UUID

__all__ = ["RefreshTokens"]

_NAMES = struct.Struct(">16sI")  # session id, generation
_PURPOSE = b"refresh|"
_TOKEN_CHARS = 70  # base64url of 20 + 32 bytes, without padding


class RefreshTokens:
    """Issue and read the tokens of refresh families.

    A token is base64url of session id, generation and HMAC-SHA256(key, purpose | id | generation):
    the same session and generation always give the same token, so a lost answer can be repeated,
    and a copy of the database is worth nothing to a thief. ``key`` has 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, session: UUID, generation: int) -> str:
        """Spell the token of one generation (1, 2, ...) of a session's family."""
        names = _NAMES.pack(session.bytes, generation)
        return base64.urlsafe_b64encode(names + self._seal(names)).rstrip(b"=").decode()

    def read(self, token: str) -> tuple[UUID, int] | None:
        """Give session and generation of a token that this key issued; None for any other text."""
        if len(token) != _TOKEN_CHARS or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        names, seal = raw[: _NAMES.size], raw[_NAMES.size :]
        if not hmac.compare_digest(seal, self._seal(names)):
            return None
        session, generation = _NAMES.unpack(names)
        found = UUID(bytes=session), int(generation)
        # The last character has spare bits; only one of the spellings is the token.
        return found if hmac.compare_digest(self.issue(*found), token) else None

    def _seal(self, names: bytes) -> bytes:
        return hmac.digest(self._key, _PURPOSE + names, "sha256")
