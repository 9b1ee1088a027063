"""Old and new replicas serve side by side, because the schema changes in halves."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.revisions import Revisions

REVISION = """
revision = {name!r}
down_revision = {down!r}
HALF = {half!r}
"""


@pytest.fixture
def revisions(tmp_path: Path) -> Revisions:
    """Give the revisions of a project with two releases, each in two halves."""
    (tmp_path / "versions").mkdir()
    down = None
    for name, half in (("1", "before"), ("2", "after"), ("3", "before"), ("4", "after")):
        text = REVISION.format(name=name, down=down, half=half)
        (tmp_path / "versions" / f"{name}.py").write_text(text)
        down = name
    return Revisions(tmp_path)


def test_the_last_before_half_is_what_the_code_needs(revisions: Revisions) -> None:
    """The after half of the newest release may come later."""
    assert revisions.names == ("1", "2", "3", "4")
    assert (revisions.needed, revisions.newest) == ("3", "4")


@pytest.mark.parametrize(
    ("revision", "suffices"),
    [(None, False), ("1", False), ("2", False), ("3", True), ("4", True), ("5", True)],
)
def test_code_serves_what_has_its_before_half_and_what_is_newer(
    revisions: Revisions, revision: str | None, suffices: bool
) -> None:
    """A revision that this code does not know is a newer version's, whose before half it bears."""
    assert revisions.suffices(revision) is suffices


def test_every_revision_of_ours_says_which_half_it_is() -> None:
    """Reading them fails otherwise."""
    ours = Revisions()
    assert ours.suffices(ours.newest)
