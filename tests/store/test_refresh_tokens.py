"""Hold that only tokens we issued are read."""

from __future__ import annotations

import base64
import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.refresh_tokens import RefreshTokens

SESSION = UUID("0197c0de-0000-7000-8000-000000000001")
TOKENS = RefreshTokens(b"k" * 32)


@given(st.uuids(), st.integers(1, 2**32 - 1))
def test_a_token_is_read_back_as_it_was_issued(session: UUID, generation: int) -> None:
    """Session and generation survive, and the token is plain text that fits a cookie."""
    token = TOKENS.issue(session, generation)
    assert TOKENS.read(token) == (session, generation)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_the_same_generation_always_has_the_same_token() -> None:
    """That is what lets a lost answer be given again without keeping it."""
    assert TOKENS.issue(SESSION, 4) == RefreshTokens(b"k" * 32).issue(SESSION, 4)
    assert TOKENS.issue(SESSION, 4) != TOKENS.issue(SESSION, 5)


def test_no_other_text_is_a_token() -> None:
    """Every single character of the token counts, spare bits included."""
    token = TOKENS.issue(SESSION, 1)
    alphabet = string.ascii_letters + string.digits + "-_+/=.~ é\x00"
    for place in range(len(token)):
        for char in alphabet:
            changed = token[:place] + char + token[place + 1 :]
            assert (TOKENS.read(changed) is not None) == (changed == token)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        TOKENS.issue(SESSION, 1)[:-1],
        TOKENS.issue(SESSION, 1) + "=",
        TOKENS.issue(SESSION, 1) + "A",
        "\ud800" * 70,
        "é" * 70,
        "A" * 1_000_000,
        RefreshTokens(b"other key".ljust(32)).issue(SESSION, 1),
        base64.urlsafe_b64encode(SESSION.bytes + b"\0\0\0\1" + bytes(32)).decode().rstrip("="),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_forged_cut_or_foreign_texts_are_not_tokens(text: str) -> None:
    """Another key, another length, other characters: not ours, and no error either."""
    assert TOKENS.read(text) is None
