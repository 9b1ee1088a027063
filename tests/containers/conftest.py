"""Databases as the compose file sets them up, images, and the services run from them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.compose import ROOT
from tests.containers.databases import Databases
from tests.containers.podman import Podman
from tests.containers.stack import Stack
from tests.servers.postgresql import PostgreSQL
from tests.servers.run import Run


@pytest.fixture
def databases(run: Run, tmp_path: Path) -> Iterator[Databases]:
    """Give PostgreSQL and Redis with Lockstep's users in them, and nothing else."""
    cluster = PostgreSQL.start(run)
    made = Databases(run, cluster, tmp_path / "secrets")
    made.prepare()
    yield made
    made.close()
    if cluster.process is not None:
        cluster.process.stop()
    shutil.rmtree(cluster.data)


@pytest.fixture(scope="session")
def podman(run: Run) -> Podman:
    """Give podman with both images built."""
    found = Podman.find(run)
    run.once("images", found.build)
    return found


@pytest.fixture
def stack(podman: Podman, databases: Databases, tmp_path: Path) -> Iterator[Stack]:
    """Give production's services, of which none runs yet."""
    made = Stack(podman, databases, tmp_path / "stack")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def development(podman: Podman, databases: Databases, tmp_path: Path) -> Iterator[Stack]:
    """Give development's services, of which none runs yet, with a source of their own."""
    source = tmp_path / "source"
    for package in ("store", "realtime", "http_api"):
        shutil.copytree(ROOT / package, source / package)
    made = Stack(podman, databases, tmp_path / "stack", development=True, source=source)
    made.prepare()
    yield made
    made.close()
