"""The command line: ``lockstep serve``, ``migrate``, ``doctor``, ``user``, ``watch``."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that the process was started with, and exit with its status.

    0: done. 1: refused or failed, with a sentence on standard error. 2: the command line or a
    setting is wrong.
    """
    from http_api.cli.app import app

    app()
