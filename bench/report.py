"""Figures as tables: on the terminal, and as the page that is checked in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from rich.console import Console
from rich.table import Table

from bench.figure import Measured

__all__ = ["page", "renewed", "section", "show"]

_HEADS = ("figure", "measured", "runs", "goal", "reached")


def show(console: Console, measured: Measured, load: float) -> None:
    """Print one benchmark's table."""
    table = Table(title=measured.title, title_justify="left", title_style="bold")
    for head in _HEADS:
        table.add_column(head, justify="left" if head == "figure" else "right")
    for figure in measured.figures:
        style = {None: "", True: "green", False: "red"}[figure.reached]
        table.add_row(*figure.cells, style=style)
    console.print(table)
    console.print(f"{measured.method} Load average at the end: {load:.1f}.\n", style="dim")


def page(machine: Mapping[str, str], sections: Sequence[str]) -> str:
    """Write the page: the machine, then a section a benchmark."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench` from real runs: every server is a real one, started for the",
        "run on the loopback interface, with `fsync` on. Each figure is the median of several",
        "short runs; their span stands beside it. `make bench ONLY=delivery` repeats one of them.",
        "",
        *_table(machine),
    ]
    return "\n".join(lines) + "\n" + "".join(sections)


def section(measured: Measured, load: float, day: date) -> str:
    """Write a benchmark's section, with the machine's load average at its end."""
    lines = [
        "",
        f"## {measured.title}",
        "",
        measured.method,
        "",
        *(f"![{plot.title}](images/{plot.file}.svg)\n" for plot in measured.plots),
        f"| {' | '.join(_HEADS)} |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(f"| {' | '.join(figure.cells)} |" for figure in measured.figures),
        "",
        f"Measured on {day.isoformat()}; load average at the end: {load:.1f}.",
    ]
    return "\n".join(lines) + "\n"


def renewed(before: str, machine: Mapping[str, str], sections: Sequence[str]) -> str | None:
    """Put sections in the place of those of the same benchmarks in a page.

    None: the page is not of this machine, or has no such section.
    """
    if "\n".join(_table(machine)) not in before:
        return None
    parts = re.split(r"(?m)^(?=\n## )", before)
    names = [_name(part) for part in parts]
    for one in sections:
        if _name(one) not in names:
            return None
        parts[names.index(_name(one))] = one
    return "".join(parts)


def _name(part: str) -> str:
    """Name a section by the first words of its title: numbers in it may change."""
    found = re.match(r"\n## ([\w -]+)", part)
    return found.group(1) if found else ""


def _table(machine: Mapping[str, str]) -> list[str]:
    return [
        "| machine | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in machine.items()),
    ]
