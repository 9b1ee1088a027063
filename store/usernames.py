"""Judge usernames and compute the key by which two of them are the same."""

from __future__ import annotations

import unicodedata

import regex

__all__ = ["MAX_USERNAME", "checked_username", "name_key"]

MAX_USERNAME = 32  # code points after NFKC

# Letters of one writing system, plus ASCII digits and ". _ -". A name that mixes systems can look
# like another person's (UTS #39 section 5.2, "single script"); Japanese, Korean and Chinese
# (Bopomofo) write with several by nature. Latin, Cyrillic and Greek are narrowed to the letters of
# living languages, because phonetic ones (Latin alpha, clicks) imitate plain ones. Marks are those
# of the script itself; the general combining marks have no script, so towers of them fall.
_CASED = {
    "Latin": r"[\p{Lu}\p{Ll}&&[A-Za-z\u00C0-\u01BF\u01C4-\u024F\u0259\u1E00-\u1EFF]]",
    "Cyrillic": r"[\p{Lu}\p{Ll}&&[\u0400-\u052F]]",
    "Greek": r"[\p{Lu}\p{Ll}&&[\u0386-\u03FF\u1F00-\u1FFF]]",
}
_UNCASED = (
    "Arabic",
    "Armenian",
    "Bengali",
    "Devanagari",
    "Ethiopic",
    "Georgian",
    "Gujarati",
    "Gurmukhi",
    "Hebrew",
    "Kannada",
    "Khmer",
    "Lao",
    "Malayalam",
    "Myanmar",
    "Oriya",
    "Sinhala",
    "Tamil",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
)
_MIXED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\u30FC&&[\p{L}]]",  # U+30FC: the long vowel mark, common
    r"[\p{Han}\uAC00-\uD7A3&&[\p{L}]]",  # whole syllables: the single jamo include invisible ones
    r"[\p{Han}\p{Bopomofo}&&[\p{L}]]",
)
_SYSTEMS = (
    *_CASED.values(),
    *(rf"[\p{{Script={name}}}&&[\p{{L}}\p{{M}}\p{{Nd}}]]" for name in _UNCASED),
    *_MIXED,
)
_ONE_SYSTEM = regex.compile("|".join(f"(?:{letters}|[0-9._-])+" for letters in _SYSTEMS), regex.V1)
_ANY_SYSTEM = regex.compile("(?:" + "|".join((*_SYSTEMS, "[0-9._-]")) + ")+", regex.V1)
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{C}\p{Z}]", regex.V1)
# More marks on one letter than any language stacks (UTS #39 section 5.4).
_STACKED_MARKS = regex.compile(r"\p{M}{5}|(\p{M})\1", regex.V1)

# Cyrillic and Greek letters (case-folded) of which one case looks exactly like a Latin letter. A
# name made of nothing else is the same name as its Latin twin, so only one of the two can be taken.
_TWINS = str.maketrans(
    "авекмнорстухіјѕһӏԁԛԝѵү" + "αβεζηικμνορτυχ",
    "abekmhopctyxijshldqwvy" + "abezhikmnoptyx",
)


def name_key(name: str) -> str:
    """Compute the text by which names are compared: equal keys are the same name.

    Total: any string has a key, whether it could be a name or not. Compatibility caseless
    matching (Unicode section 3.13, D146), then look-alike letters of Cyrillic and Greek as their
    Latin twins if the name holds no other letters. The key of a key is itself.
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
    latin = folded.translate(_TWINS)
    return latin if latin.isascii() else folded


def checked_username(text: str) -> str:
    """Give the name as it is kept and shown (NFKC); ValueError with a sentence if it breaks a rule.

    1 to 32 code points: letters and digits of one script, with ".", "_" and "-" between or after
    them. No spaces, control, bidirectional or zero-width characters.
    """
    # NFKC makes one code point up to 18; the first bound keeps that work small.
    if len(text) > 2 * MAX_USERNAME:
        raise ValueError(f"must have at most {MAX_USERNAME} characters")
    name = unicodedata.normalize("NFKC", text)
    if not name:
        raise ValueError("must not be empty")
    if len(name) > MAX_USERNAME:
        raise ValueError(f"must have at most {MAX_USERNAME} characters")
    if _INVISIBLE.search(name):
        raise ValueError("must not contain spaces, control characters or invisible characters")
    if name[0] in "._-":
        raise ValueError('must start with a letter or a digit, not with ".", "_" or "-"')
    # A letter that this Python does not know yet could not be normalized, nor folded.
    unknown = any(unicodedata.category(char) == "Cn" for char in name)
    if unknown or not _ANY_SYSTEM.fullmatch(name):
        raise ValueError('may only contain letters, digits, ".", "_" and "-"')
    if not _ONE_SYSTEM.fullmatch(name):
        raise ValueError("must not mix letters of different scripts, such as Latin and Cyrillic")
    if unicodedata.category(name[0]).startswith("M") or _STACKED_MARKS.search(name):
        raise ValueError("must not pile up marks without letters")
    if len({ord(char) - unicodedata.decimal(char) for char in name if char.isdecimal()}) > 1:
        raise ValueError("must not mix digits of different scripts")
    return name
