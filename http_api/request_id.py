"""Name each request: by the caller's own id when it is harmless, else by one of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from uuid import uuid4

__all__ = ["request_id_in"]

_SANE: Final = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


def request_id_in(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Keep the caller's X-Request-ID when it is up to 128 harmless characters, else make one."""
    for name, value in headers:
        if name == b"x-request-id":
            given = str(value, "latin-1")
            if _SANE.fullmatch(given):
                return given
            break
    return uuid4().hex
