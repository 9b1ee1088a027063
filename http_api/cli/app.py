"""Put the commands together."""

from __future__ import annotations

from typing import Annotated

import typer

from http_api.cli.doctor import EXAMPLES as DOCTOR_EXAMPLES
from http_api.cli.doctor import doctor
from http_api.cli.failure import SpokenGroup
from http_api.cli.graph import EXAMPLES as GRAPH_EXAMPLES
from http_api.cli.graph import graph_app
from http_api.cli.migrate import migrate
from http_api.cli.serve import EXAMPLES as SERVE_EXAMPLES
from http_api.cli.serve import serve
from http_api.cli.user import EXAMPLES as USER_EXAMPLES
from http_api.cli.user import user_app
from http_api.cli.watch import EXAMPLES as WATCH_EXAMPLES
from http_api.cli.watch import watch
from http_api.cli.worker import worker

__all__ = ["app"]

HELP = """
Shared todo lists that stay in step on every screen.

\b
  lockstep serve                        start it, then open http://127.0.0.1:8000
  lockstep watch Groceries --user ann   follow a list in the terminal
  lockstep doctor                       say what is wrong, and what to do about it

Settings come from the environment (LOCKSTEP_...) or .env; docs/configuration.md describes them.
"""

# Stack traces without the values of variables: those may hold passwords and tokens.
app = typer.Typer(
    cls=SpokenGroup,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100},
)
app.command("serve", epilog=SERVE_EXAMPLES, short_help="Serve the page, the API and the socket.")(
    serve
)
app.command("worker", short_help="Do the work that belongs to no connection.")(worker)
app.command("migrate", short_help="Bring the database schema to the newest revision.")(migrate)
app.command("doctor", epilog=DOCTOR_EXAMPLES, short_help="Say what is wrong and what to do.")(
    doctor
)
app.command("watch", epilog=WATCH_EXAMPLES, short_help="Follow a list live in the terminal.")(watch)
app.add_typer(user_app, name="user", help="Manage accounts, on this machine.", epilog=USER_EXAMPLES)
app.add_typer(
    graph_app, name="graph", help="Mend or rebuild the graph in Neo4j.", epilog=GRAPH_EXAMPLES
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from http_api.version import version

        typer.echo(f"lockstep {version()}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""
