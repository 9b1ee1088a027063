"""Hold what people may say about themselves."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.profiles import MAX_DISPLAY_NAME, checked_display_name, checked_email


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("  Ann Lee ", "Ann Lee"),
        ("Zoe\u0308", "Zoë"),
        ("安 娜", "安 娜"),
        ("A" * 100, "A" * 100),
    ],
)
def test_a_display_name_is_kept_trimmed_and_composed(text: str, kept: str) -> None:
    """Any script, any case, up to 100 characters."""
    assert checked_display_name(text) == kept


@pytest.mark.parametrize(
    "text", ["A" * 101, "A" * 1_000_000, "a\x00b", "a\nb", "a\u202eb", "a\u2067b", "a\ud800"]
)
def test_a_display_name_stays_in_its_place(text: str) -> None:
    """Nothing that breaks a line, turns the text around, or cannot be stored."""
    with pytest.raises(ValueError, match="must"):
        checked_display_name(text)


@pytest.mark.parametrize(
    "text",
    ["ann@example.org", " ann+lists@mail.example.co ", "o'neil@example.org", "用户@例子.公司"],
)
def test_addresses_that_may_work_are_accepted(text: str) -> None:
    """The pattern refuses as little as possible."""
    assert checked_email(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "a@b@c.org",
        "a b@c.org",
        "ann@example..org",
        "ann@.org",
        "<ann@example.org>",
        "ann@exa\nmple.org",
        "ann@example.org\x00",
        "a" * 65 + "@b.org",
        "a@" + "b" * 250 + ".org",
        "ann@example.org,ben@example.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """One address, one line."""
    with pytest.raises(ValueError, match="must"):
        checked_email(text)


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "@", ".", "a@a.", "\u00a0"])
def test_no_text_makes_the_pattern_slow(piece: str) -> None:
    """Even the worst text is judged within 10 ms."""
    text = (piece * 300)[:253] + "@"
    began = time.process_time()
    with pytest.raises(ValueError, match="must"):
        checked_email(text)
    assert time.process_time() - began < 0.010


@given(st.text(max_size=120))
def test_what_is_kept_is_kept_again(text: str) -> None:
    """A kept name is within the limit and is accepted as it is."""
    try:
        kept = checked_display_name(text)
    except ValueError:
        return
    assert len(kept) <= MAX_DISPLAY_NAME
    assert checked_display_name(kept) == kept
