"""Links and pictures of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGES = sorted(
    path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)


def _anchors(path: Path) -> set[str]:
    """Spell a page's headings as they are linked to."""
    headings = _HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_links_lead_somewhere(name: Path) -> None:
    """Every link to a file of the project, or to a heading, has its target."""
    page = ROOT / name
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        path = page.parent / target if target else page
        assert path.exists(), f"{name} links to {link}"
        if anchor:
            assert anchor in _anchors(path), f"{name} links to {link}"
