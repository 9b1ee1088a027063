"""``python -m bench [NAME ...]``: measure, print, and write docs/performance.md."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.crowd import crowd
from bench.delivery import delivery
from bench.fanout import fanout
from bench.fanout_peers import fanout_peers
from bench.figure import Measured
from bench.flat import flat
from bench.graph import graph
from bench.hostile import hostile
from bench.joins import joins
from bench.machine import describe_machine
from bench.report import page, renewed, section, show
from bench.resume import resume
from bench.revocation import revocation
from bench.site import Site, load_average, open_site
from bench.two_replicas import two_replicas
from bench.writes import writes

BENCHMARKS: dict[str, Callable[[Site], Awaitable[Measured]]] = {
    "delivery": delivery,
    "resume": resume,
    "two_replicas": two_replicas,
    "revocation": revocation,
    "writes": writes,
    "flat": flat,
    "fanout": fanout,
    "joins": joins,
    "peers": fanout_peers,
    "crowd": crowd,
    "hostile": hostile,
    "graph": graph,
}
IMAGES = Path(__file__).parents[1] / "docs" / "images"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
WITHIN_S = 600.0
"""Seconds that one benchmark may take."""


async def main(names: list[str]) -> int:
    """Measure ``names`` (none: all), write the page, or renew its sections; give the status."""
    console = Console()
    unknown = sorted(set(names) - BENCHMARKS.keys())
    if unknown:
        console.print(f"No benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
        return 2
    begin = time.monotonic()
    results = []
    async with open_site() as site:
        machine = describe_machine(site.postgresql.binaries)
        console.print("  ".join(f"{name} {value}" for name, value in machine.items()), "\n")
        for name in names or BENCHMARKS:
            async with asyncio.timeout(WITHIN_S):
                measured = await BENCHMARKS[name](site)
            results.append((measured, load_average()))
            show(console, *results[-1])
    sections = [section(*one, datetime.now(UTC).date()) for one in results]
    written = renewed(PAGE.read_text(), machine, sections) if names else page(machine, sections)
    if written is None:
        console.print(f"docs/{PAGE.name} is of another machine, or older: it stays as it is.")
    else:
        IMAGES.mkdir(exist_ok=True)
        for plot in (plot for measured, _ in results for plot in measured.plots):
            (IMAGES / f"{plot.file}.svg").write_text(plot.svg())
        PAGE.write_text(written)
        console.print(f"Written to docs/{PAGE.name}.")
    missed = [
        figure for measured, _ in results for figure in measured.figures if figure.reached is False
    ]
    console.print(f"{time.monotonic() - begin:.0f} s; {len(missed)} goals missed.")
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
