"""The page about production, against what `lockstep doctor` looks at."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, page

_SUBJECT = re.compile(r'(?:\bsubject\b.* = |\b(?:ok|warning|wrong)\(\s*|\badd\()"([a-z0-9 ]+)"')


def test_every_subject_of_the_doctor_is_described() -> None:
    """Who meets one in a line finds it on the page, and the page has no other."""
    sources = (ROOT / "http_api" / "doctor").glob("*.py")
    looked_at = {
        found for path in sources for found in _SUBJECT.findall(path.read_text(encoding="utf-8"))
    }
    section = page("docs/production.md").partition("## When something is wrong")[2]
    table = section.partition("| --- | --- |\n")[2].partition("\n\n")[0]
    told = [
        word for row in table.splitlines() for word in re.findall("`([^`]+)`", row.split("|")[1])
    ]
    assert len(told) == len(set(told))
    assert set(told) == looked_at - {"door"}
