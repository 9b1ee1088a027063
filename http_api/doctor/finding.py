"""Say what a check found, in one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Mark", "exit_status", "ok", "summary", "warning", "wrong"]


class Mark(StrEnum):
    """Judge one thing.

    OK: as it should be. WARNING: it works, and is rarely meant. WRONG: it does not work, or
    breaks a promise.
    """

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold one line: the judgement, what was looked at, what was found, and what to do about it.

    ``advice`` is a sentence, empty when there is nothing to do. No text holds a secret.
    """

    mark: Mark
    subject: str
    says: str
    advice: str = ""


def ok(subject: str, says: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(Mark.OK, subject, says)


def warning(subject: str, says: str, advice: str) -> Finding:
    """Say that something works and is rarely meant."""
    return Finding(Mark.WARNING, subject, says, advice)


def wrong(subject: str, says: str, advice: str) -> Finding:
    """Say that something does not work or breaks a promise."""
    return Finding(Mark.WRONG, subject, says, advice)


def exit_status(findings: Iterable[Finding]) -> int:
    """Give 1 when something is wrong, else 0: warnings do not count."""
    return int(any(one.mark is Mark.WRONG for one in findings))


def summary(findings: Iterable[Finding]) -> str:
    """Count the judgements in a sentence."""
    marks = [one.mark for one in findings]
    bad, doubtful = marks.count(Mark.WRONG), marks.count(Mark.WARNING)
    if not bad and not doubtful:
        return f"{len(marks)} checked: all is well."
    return f"{len(marks)} checked: {bad} wrong, {doubtful} to look at."
