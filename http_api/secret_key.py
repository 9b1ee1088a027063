"""Keep the embedded service's secret: made once, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

__all__ = ["KEY_FILE", "MIN_SECRET_BYTES", "secret_key_in", "why_weak"]

MIN_SECRET_BYTES: Final = (
    32  # HMAC-SHA256 gains nothing from more, and loses by less (RFC 7518 3.2)
)

KEY_FILE: Final = "secret_key"
"""The name of the file in the data directory."""
_SAMPLES: Final = (
    "changeme",
    "example",
    "insecure",
    "placeholder",
    "replaceme",
    "sample",
    "yoursecret",
)
_MIN_DISTINCT: Final = 8  # 64 random hex digits have fewer distinct ones about once in 10**15


def why_weak(secret: str) -> str | None:
    """Say why a secret is refused, to stand after its name; None when it is good.

    A sample copied from a document, or one character many times, is long but known.
    """
    size = len(secret.encode())
    if size < MIN_SECRET_BYTES:
        return f"has {size} bytes"
    letters = "".join(filter(str.isalnum, secret.lower()))
    if len(set(secret)) < _MIN_DISTINCT or any(sample in letters for sample in _SAMPLES):
        return "is a sample value that others know"
    return None


def secret_key_in(directory: Path) -> bytes:
    """Read the secret kept in the directory, making directory (0700) and file (0600) if missing.

    Two processes starting at once agree on one key. Raises OSError when the file cannot be read or
    made, ValueError when it is open to other users or cut short.
    """
    path = directory / KEY_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        message = f"{path} can be read by other users; run: chmod 600 {path}"
        raise ValueError(message)
    key = path.read_bytes().strip()
    if len(key) < MIN_SECRET_BYTES:
        message = f"{path} is cut short; restore it, or delete it (which logs everyone out)"
        raise ValueError(message)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(MIN_SECRET_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            # A link, not a rename: whoever comes second must not replace the first one's key.
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
