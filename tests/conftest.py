"""What every test stands on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.missing import MARK
from tests.together import TogetherScheduling

pytest_plugins = ["tests.servers.fixtures", "tests.servers.shared_service"]

# A busy machine makes an example slow, not wrong.
settings.register_profile(
    "lockstep", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lockstep")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """Distribute the tests over processes so that some stay together."""
    return TogetherScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which tests did not run because a program is missing on this machine."""
    reasons = {
        str(report.longrepr[2])
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and MARK in str(report.longrepr[2])
    }
    if reasons:
        terminalreporter.section("SKIPPED: PROGRAMS ARE MISSING", sep="!", red=True, bold=True)
        for reason in sorted(reasons):
            terminalreporter.line(reason.removeprefix("Skipped: "))
