"""Tests of what a title is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.graph.terms import MOST_TERMS, terms_of


@pytest.mark.parametrize(
    ("title", "terms"),
    [
        ("Buy milk", {"buy", "milk"}),
        ("MILK and 2 Eggs", {"milk", "eggs"}),
        ("Müsli für die Kinder", {"müsli", "kinder"}),
        ("ﬁx the roof", {"fix", "roof"}),
        ("Straße fegen", {"strasse", "fegen"}),
        ("買 牛乳", {"牛乳"}),
        ("don't panic", {"don't", "panic"}),
        ("2026 12 31 !!! 🎉", set()),
        ("<b>bold</b> ' OR 1=1", {"bold"}),
    ],
)
def test_words_are_compared_without_case_and_shape(title: str, terms: set[str]) -> None:
    """Numbers, single letters, punctuation and words that say nothing are none."""
    assert terms_of(title) == terms


@given(st.text(max_size=300))
def test_any_title_has_few_short_terms_that_case_does_not_change(title: str) -> None:
    """However it is written, and whatever is in it."""
    terms = terms_of(title)
    assert len(terms) <= MOST_TERMS
    assert all(1 < len(term) <= 40 for term in terms)


def test_the_first_terms_of_a_long_title_count() -> None:
    """Each once."""
    words = [f"word{number}" for number in range(MOST_TERMS + 5)]
    assert terms_of(" ".join([*words[:3], *words])) == set(words[:MOST_TERMS])


def test_a_hostile_title_is_read_only_so_far() -> None:
    """One code point may become eighteen: what counts is bounded all the same."""
    assert len(terms_of("ﷺ " * 5_000)) <= MOST_TERMS
