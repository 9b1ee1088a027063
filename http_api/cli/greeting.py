"""Say where the service listens and what to try next."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

__all__ = ["greet"]


def greet(address: str, *, version: str, database: str, console: Console | None = None) -> None:
    """Print the address and the first steps; meant for a terminal."""
    out = console or Console(stderr=True, highlight=False)
    out.print()
    out.print(
        Text.assemble(("  Lockstep ", "bold"), (version, "dim"), "  ", (address, "bold cyan"))
    )
    out.print(Text.assemble("  data      ", (database, "dim")))
    out.print()
    if address.startswith("unix:"):
        out.print("  A proxy such as Nginx serves this socket; see docs/configuration.md")
    else:
        out.print("  Open the address in two browser windows, register, share a list, or:")
        out.print()
        out.print(
            f"  curl {address}/api/v1/auth/register -H 'Content-Type: application/json' \\\n"
            '       -d \'{"username": "ann", "password": "violet-kettle-harbour"}\'\n'
            f"  {_command()} watch Inbox --user ann --server {address}",
            style="green",
            soft_wrap=True,
            markup=False,
        )
        out.print()
        out.print(f"  Reference: {address}/docs   Stop: Ctrl-C")
    out.print()


def _command() -> str:
    """Spell this program as it can be typed from the working directory."""
    program = Path(sys.argv[0]).absolute()
    try:
        return str(program.relative_to(Path.cwd()))
    except ValueError:
        return program.name
