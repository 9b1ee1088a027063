"""Figures as tables: on the terminal, and as the page that is checked in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.figure import Measured

__all__ = ["page", "show"]

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


def page(machine: Mapping[str, str], results: Sequence[tuple[Measured, float]]) -> str:
    """Write the page: the machine, then a section a benchmark with its load average."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench` from one real run: every server is a real one, started for the",
        "run on the loopback interface, with `fsync` on. Each figure is the median of several",
        "short runs; their span stands beside it. `make bench ONLY=delivery` repeats one of them.",
        "",
        "| machine | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in machine.items()),
    ]
    for measured, load in results:
        lines += [
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
            f"Load average at the end: {load:.1f}.",
        ]
    return "\n".join(lines) + "\n"
