"""Hold that each purpose has a key of its own."""

from __future__ import annotations

import hashlib
import hmac

from store.keys import derive_key


def _hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """Follow RFC 5869 section 2 word by word, for any length."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    output, block, number = b"", b"", 1
    while len(output) < length:
        block = hmac.new(extracted, block + info + bytes([number]), hashlib.sha256).digest()
        output, number = output + block, number + 1
    return output[:length]


def test_the_reference_used_here_gives_the_published_vector() -> None:
    """RFC 5869 appendix A.3 (no salt, no info) comes out as printed there."""
    assert _hkdf(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_keys_are_hkdf_of_the_secret() -> None:
    """The key is HKDF-SHA256 of the secret, as any other program would derive it."""
    assert derive_key(b"\x0b" * 22, "") == _hkdf(b"\x0b" * 22, b"", 32)
    assert derive_key(b"secret", "refresh") == _hkdf(b"secret", b"refresh", 32)


def test_purposes_and_secrets_do_not_share_keys() -> None:
    """Another purpose or another secret is another key."""
    keys = {derive_key(secret, use) for secret in (b"s", b"t") for use in ("access", "refresh")}
    assert len(keys) == 4
