"""Turn refusals into one sentence on standard error and an exit status."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from store.errors import LockstepError

__all__ = ["REFUSAL", "Failure", "SpokenGroup"]

REFUSAL = "refusal"
"""The member of the lifespan state that says, in a sentence, why the app would not start."""


class Failure(Exception):
    """End the command with ``sentence`` on standard error.

    ``exit_status`` is 1 when it failed, 2 when it was used wrongly. The sentence says what is wrong
    and what to do; a stack trace would say neither.
    """

    def __init__(self, sentence: str, *, exit_status: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_status = exit_status


class SpokenGroup(TyperGroup):
    """Run commands so that everything we refuse on purpose ends in a sentence.

    Anything else is a mistake of ours and keeps its stack trace.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; raise typer.Exit with 1 or 2 for a refusal."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            _say(failure.sentence)
            raise typer.Exit(failure.exit_status) from failure
        except LockstepError as refusal:
            _say(refusal.detail or refusal.code)
            raise typer.Exit(1) from refusal


def _say(sentence: str) -> None:
    """Write the sentence to standard error, red on a terminal."""
    typer.secho(f"lockstep: {sentence}", err=True, fg="red" if sys.stderr.isatty() else None)
