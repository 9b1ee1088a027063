"""Find what a title is about: its words, spelled so that the same word is the same term."""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

__all__ = ["MOST_TERMS", "terms_of", "title_key"]

MOST_TERMS: Final = 10
"""How many terms one title can have; the first ones count."""

_LONGEST: Final = 40
# A title has at most 200 code points, but NFKC may make eighteen of one.
_READ: Final = 1_000
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['\u2019][\p{L}\p{M}]+)*")
# Words that say nothing of what a todo is about, in the languages most lists are written in.
_LANGUAGES: Final = (
    "a an and at by for from in is it my of on or our the to with",
    "am auf das dem den der des die ein eine für im in mit oder und vom von zu zum zur",
    "au aux avec de des du en et la le les ou par pour sur un une",
    "al con de del el en la las los para por un una y",
    "alla con da della di e il la per un una",
)
_EMPTY: Final = frozenset(word for words in _LANGUAGES for word in words.split())


def terms_of(title: str) -> frozenset[str]:
    """Give the terms of a title: words of two letters or more, without case; numbers are none.

    Pure, and bounded: at most MOST_TERMS terms of at most forty code points each.
    """
    folded = unicodedata.normalize("NFKC", title)[:_READ].casefold()
    found: dict[str, None] = {}
    for match in _WORD.finditer(folded):
        word = match.group()[:_LONGEST]
        if len(word) > 1 and word not in _EMPTY and not word.isnumeric():
            found[word] = None
            if len(found) == MOST_TERMS:
                break
    return frozenset(found)


def title_key(title: str) -> str:
    """Spell a title so that titles that people take for the same are equal. Pure."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())
