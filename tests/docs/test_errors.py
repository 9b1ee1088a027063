"""The page of codes, against the code."""

from __future__ import annotations

import re

from realtime import codes
from tests.docs.pages import ROOT, page, rows

_WORD = re.compile(r"""\bcode(?:: str)?\s*=\s*["']([a-z_]+)["']""")
_REFUSALS = ("store", "http_api")


def _words() -> set[str]:
    """Collect the stable words of all refusals from the sources."""
    return {
        word
        for package in _REFUSALS
        for path in (ROOT / package).rglob("*.py")
        for word in _WORD.findall(path.read_text(encoding="utf-8"))
    }


def test_every_word_of_a_refusal_is_explained() -> None:
    """A client that meets a word finds it on the page; the page explains no word that is none."""
    explained = {
        row[1].strip("`")
        for row in rows(page("docs/errors.md"))
        if len(row) == 4 and row[0].isdecimal() and row[1].startswith("`")
    }
    assert explained == _words()


def test_every_code_of_the_socket_is_explained_with_its_text() -> None:
    """Numbers and texts of the page are those of the code."""
    told = {(row[0], row[1]) for row in rows(page("docs/errors.md")) if row[0].isdecimal()}
    known = [value for value in vars(codes).values() if not isinstance(value, type)]
    for one in known:
        if isinstance(one, codes.ErrorCode) and one.code < 400:
            assert (str(one.code), one.message) in told
        if isinstance(one, codes.UnsubscribeCode | codes.CloseCode):
            assert (str(one.code), one.reason) in told


def test_temporary_errors_are_marked() -> None:
    """SDKs give up without ``temporary``, so the page must not be wrong about it."""
    marked = {
        int(row[0])
        for row in rows(page("docs/errors.md"))
        if row[0].isdecimal() and int(row[0]) < 200 and row[3] == "yes"
    }
    errors = [value for value in vars(codes).values() if isinstance(value, codes.ErrorCode)]
    assert marked == {error.code for error in errors if error.temporary}
