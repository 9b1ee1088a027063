"""Keep tests that share one service in one test process.

pytest-xdist's own way, ``--dist loadgroup`` with marks, writes the group into the name of a test,
which pytest 9.2 does not let it do any more: it silently groups nothing (pytest-xdist issue 1386).
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# The first of these that a test's name begins with is its group; all others go one by one. Groups
# are handed out first, the largest before the others.
_GROUPS = (
    "tests/faults/test_replica_faults.py",
    "tests/graph_service/test_graph_service.py",
    "tests/faults/",  # one scenario beside another is as much as two cores carry
    "tests/nginx/",
    "tests/containers/test_images.py",
)


class TogetherScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Give each group of tests to one process, and every other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in _GROUPS if nodeid.startswith(group)), nodeid)
