"""Podman, which builds and runs images without a daemon, on storage of the tests' own."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.containers.compose import ROOT
from tests.servers.deadline import wait_until
from tests.servers.missing import program
from tests.servers.process import Process
from tests.servers.run import Run

# Here, on no registry, and with a name that says so.
BASE = "localhost/lockstep-test-base:12"
# What a checkout may hold and an image must not.
CANARY = "canary-8c1f6f0d3a5e4b7790"
_CANARIES = (".env", "var/secret_key", "containers/secrets/lockstep_secret_key", "http_api/.env")
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Podman:
    """Run podman with images in ``cache``, where they outlive the run: the next build is short."""

    run: Run
    cache: Path

    @classmethod
    def find(cls, run: Run) -> Podman:
        """Find it; skips (fails where CI=true) without it, and skips without root."""
        if os.geteuid() != 0:
            pytest.skip("images are built and run as root only, in these tests")
        for name in ("podman", "runc", "mmdebstrap"):
            program(name, package=name)
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = home / "lockstep" / "images"
        cache.mkdir(parents=True, exist_ok=True)
        return cls(run, cache)

    def argv(self, *words: str | Path) -> list[str]:
        """Give the command line for ``words``."""
        places = ("--root", self.cache / "storage", "--runroot", "/run/lockstep-test-images")
        return [str(word) for word in ("podman", *places, *words)]

    def do(self, *words: str | Path, timeout_s: float = 60) -> str:
        """Run a command to its end and give what it printed; raises RuntimeError if it fails."""
        done = subprocess.run(
            self.argv(*words),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            message = f"podman {words[0]}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr}"
            raise RuntimeError(message)
        return done.stdout

    def build(self) -> dict[str, Any]:
        """Build the images ``service`` and ``edge``, the base first where there is none.

        What did not change since a build on this machine is taken from its layers.
        """
        source = self.run.directory / f"source-{uuid.uuid4().hex[:8]}"
        _copy_checkout(source)
        with (self.cache / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if BASE not in self.do("images", "--format", "{{.Repository}}:{{.Tag}}"):
                self._make_base()
            for target in ("service", "edge"):
                self._build(source, target)
            # Of what such builds leave behind, the newest is the next one's beginning.
            self.do("image", "prune", "--force", "--filter", "until=12h")
        shutil.rmtree(source)
        return {}

    def _make_base(self) -> None:
        archive = self.run.directory / "base.tar"
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", archive],
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )
        self.do("import", "--quiet", archive, BASE, timeout_s=120)
        archive.unlink()

    def _build(self, source: Path, target: str) -> None:
        words: list[str | Path] = ["build", "--format", "docker", "--network", "host", *limits()]
        words += ["--build-arg", f"BASE={BASE}", "--target", target, "--tag", image(target)]
        if _AUTHORITIES.exists():
            # Those that this machine trusts: there may be one of its own before the package index.
            words += ["--volume", f"{_AUTHORITIES}:/run/authorities.crt:ro"]
            words += ["--build-arg", "PIP_CERT=/run/authorities.crt"]
        self.do(*words, source, timeout_s=480)

    def start(self, name: str, target: str, options: Sequence[str], *command: str) -> Container:
        """Start a container in the foreground of a process: its output, its signals, its status."""
        name = f"{name}-{uuid.uuid4().hex[:8]}"
        # Nothing here would run podman's timers; the tests ask for the check themselves.
        fixed = ["run", "--rm", "--name", name, "--no-healthcheck", "--log-driver", "none"]
        argv = self.argv(*fixed, *limits(), *options, image(target), *command)
        return Container(self, name, target, Process(self.run, name, argv))


@dataclass(frozen=True)
class Container:
    """Hold a started container; a signal to ``process`` reaches it."""

    podman: Podman
    name: str
    target: str
    process: Process

    def execute(self, *words: str) -> str:
        """Run a command in it and give its output; raises RuntimeError when it fails."""
        return self.podman.do("exec", self.name, *words)

    def lives(self) -> bool:
        """Tell what the image's HEALTHCHECK says."""
        form = '{{join .Config.Healthcheck.Test "\\n"}}'
        said = self.podman.do("image", "inspect", "--format", form, image(self.target))
        kind, *check = said.splitlines()
        assert kind == "CMD"
        try:
            self.execute(*check)
        except RuntimeError:
            return False
        return True

    def until_alive(self, *, within_s: float = 60) -> None:
        """Wait until it lives; raises RuntimeError with its log when it ends or is late."""
        self.process.wait_until_ready(self.lives, within_s=within_s)

    def stop(self) -> int:
        """Ask it to end, as an engine does, by its image's signal; give its exit status.

        One that is still there after 25 s is killed: 137.
        """
        self.podman.do("stop", "--time", "25", self.name)
        return self.ended()

    def ended(self, *, within_s: float = 60) -> int:
        """Wait for its end and give its exit status; raises TimeoutError."""
        wait_until(
            lambda: self.process.returncode is not None, f"{self.name} ends", within_s=within_s
        )
        return self.process.returncode or 0

    def close(self) -> None:
        """Remove it, whatever it does."""
        if self.process.returncode is None:
            self.podman.do("rm", "--force", "--time", "0", "--ignore", self.name)
        self.process.kill()


def image(target: str) -> str:
    """Name the image built from ``target``."""
    return f"localhost/lockstep-test-{target}"


def limits() -> list[str]:
    """Ask for no more files and processes than root may have in a sandbox, where podman would."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    return [f"--ulimit=nofile={files}:{files}", "--ulimit=nproc=4096:4096"]


def _copy_checkout(target: Path) -> None:
    """Copy what a build may read, and plant a canary wherever a checkout may keep a secret."""
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "node_modules", "__pycache__", ".*_cache", "secrets", "tls"
    )
    for name in ("http_api", "realtime", "store", "nginx", "containers", "requirements"):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, target / name)
    for name in _CANARIES:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CANARY)
