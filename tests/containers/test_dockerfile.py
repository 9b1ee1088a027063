"""The Dockerfile keeps the rules that need no build to be seen."""

from __future__ import annotations

import re

import pytest

from http_api.cli.server import STOP_WITHIN_S
from tests.containers.compose import PRODUCTION, ROOT, load, seconds

TEXT = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
# The instructions of each stage, by its name.
STAGES = {
    found[2]: [found[1], *found[3].strip().splitlines()]
    for found in re.finditer(r"FROM (\S+) AS (\w+)\n((?:(?!FROM ).*\n?)*)", "\n".join(LINES))
}
FINAL = ["service", "edge"]


def words(stage: str, instruction: str) -> list[str]:
    """Give what follows each ``instruction`` of a stage."""
    return [
        line.removeprefix(f"{instruction} ")
        for line in STAGES[stage]
        if line.startswith(f"{instruction} ")
    ]


def test_everything_stands_on_debian_12() -> None:
    """One base, named once, which whoever builds may replace."""
    assert LINES[0] == "ARG BASE=debian:12-slim"
    assert {name: lines[0] for name, lines in STAGES.items()} == {
        "runtime": "${BASE}",
        "build": "runtime",
        "service": "runtime",
        "edge": "runtime",
    }


def test_nothing_is_fetched_but_packages() -> None:
    """Debian's by apt, Python's by pip and held to their hashes; no script from elsewhere."""
    for line in LINES:
        assert not re.search(r"\b(ADD|curl|wget|git|npm)\b|https?://", line)
    installed = [line for line in words("build", "RUN") if "pip install" in line]
    assert "--require-hashes" in installed[0]
    assert "--no-deps" in installed[1]
    assert len(installed) == 2


@pytest.mark.parametrize("stage", FINAL)
def test_final_images_are_lean_and_unprivileged(stage: str) -> None:
    """A numeric user, a check of life, an orderly end; nothing that builds."""
    [user] = words(stage, "USER")
    assert re.fullmatch(r"1\d{4}:1\d{4}", user)
    compose = load(PRODUCTION, EDGE_SERVER_NAME="a.example")["services"]
    service = compose["edge" if stage == "edge" else "replica-1"]
    assert service["user"] == user
    [check] = words(stage, "HEALTHCHECK")
    assert "/opt/lockstep/live.py" in check
    assert words(stage, "STOPSIGNAL") == ["SIGQUIT" if stage == "edge" else "SIGTERM"]
    assert seconds(service["stop_grace_period"]) > STOP_WITHIN_S
    installed = " ".join([*words("runtime", "RUN"), *words(stage, "RUN")])
    assert "--no-install-recommends" in installed
    assert not re.search(r"\b(gcc|g\+\+|build-essential|make|python3-(pip|venv|dev))\b", installed)


def test_no_secret_is_asked_for_or_kept() -> None:
    """Neither as an argument of the build nor in the environment, and only named files go in."""
    for line in LINES:
        if line.startswith(("ARG", "ENV")):
            assert not re.search("SECRET|PASSWORD|TOKEN|_KEY|_URL", line)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    taken = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert taken == {
        "LICENSE", "README.md", "pyproject.toml", "requirements/run.txt", "containers/edge.sh",
        "containers/live.py", "http_api", "nginx", "realtime", "store",
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in taken)
