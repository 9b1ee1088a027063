"""Every pattern that judges what a client sent is quick, whatever was sent."""

from __future__ import annotations

import re
import time

import pytest

from http_api import call, handshake, logs, request_head, request_id, tokens
from realtime import protocol
from store import profiles

_MODULES = (call, handshake, logs, request_head, request_id, tokens, protocol, profiles)
_PATTERNS = {
    f"{module.__name__}.{name}": value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}
_PIECES = (
    "a",
    "a.",
    "a@",
    " ",
    "\t",
    ",",
    " ,",
    ", ",
    '"',
    '"a",',
    'W/"',
    '"",',
    ".",
    ":",
    "[",
    "\\",
)
_LONGEST = 8_192  # characters: a header field is no longer


@pytest.mark.parametrize("name", _PATTERNS)
def test_no_text_makes_a_pattern_slow(name: str) -> None:
    """Ten milliseconds of a core for each text, the end not fitting included."""
    pattern = _PATTERNS[name]
    for piece in _PIECES:
        for end in ("", "!", "\x00"):
            text = (piece * _LONGEST)[:_LONGEST] + end
            sent = text.encode() if isinstance(pattern.pattern, bytes) else text
            taken = []
            for _ in range(3):
                began = time.process_time()
                pattern.fullmatch(sent)
                taken.append(time.process_time() - began)
            assert min(taken) < 0.010, (piece, end)
