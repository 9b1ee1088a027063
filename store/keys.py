"""Derive one key a purpose from the service's secret."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["derive_key"]


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Derive the 32-byte key for a purpose: HKDF-SHA256 (RFC 5869), no salt, one output block.

    Keys of different purposes tell nothing about each other or about the secret. With one block of
    output, HKDF is the two HMACs below; a cryptography package would bring 4 MB for them.
    """
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), secret, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")
