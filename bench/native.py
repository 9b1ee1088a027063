"""The C programs of ``bench/client``, built when a benchmark needs them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["build"]

_SOURCES = Path(__file__).parent / "client"


def build(name: str, directory: Path) -> Path:
    """Compile ``bench/client/NAME.c`` into ``directory``, once; give the program.

    Raises RuntimeError without a C compiler, and with its words when it refuses.
    """
    program = directory / name
    if program.exists():
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("The load client is C: install a compiler (gcc and libc6-dev).")
    argv = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(program), str(_SOURCES / f"{name}.c")]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return program
