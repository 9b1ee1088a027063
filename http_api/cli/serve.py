"""``lockstep serve``: one replica in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from http_api.cli.listener import Listener
    from http_api.settings import Settings

__all__ = ["serve"]

EXAMPLES = """
\b
Examples:
  lockstep serve                              the page, the API and the socket on port 8000
  lockstep serve --host 0.0.0.0 --port 8080   reachable from other machines
  lockstep serve --uds /run/lockstep/1.sock   behind Nginx, one process a socket

\b
Settings come from the environment or .env; docs/configuration.md describes them all:
  LOCKSTEP_DATABASE_URL   where the lists are kept     [SQLite in var/]
  LOCKSTEP_REDIS_URL      what links several replicas  [none: one replica]
  LOCKSTEP_SECRET_KEY     what tokens are signed with  [made once, kept in var/]
  LOCKSTEP_REGISTRATION   open, invite or closed       [open]
"""


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [LOCKSTEP_HOST, 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 takes any free one. [LOCKSTEP_PORT, 8000]"),
    ] = None,
    uds: Annotated[
        Path | None, typer.Option(help="Listen on this Unix socket instead, behind a proxy.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Processes that share the port; needs PostgreSQL and Redis."
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start again when the source changes (development).")
    ] = False,
) -> None:
    """Serve lists: the page, the HTTP API and the socket, until Ctrl-C or SIGTERM."""
    from http_api.cli.configured import read_settings
    from http_api.cli.failure import Failure
    from http_api.cli.listener import bind_address, bind_path
    from http_api.logs import configure_logs

    if uds is not None and (host is not None or port is not None):
        raise Failure(
            "--uds takes the place of --host and --port; name one of them.", exit_status=2
        )
    settings = read_settings(host=host, port=port, uds=uds, workers=workers)
    if reload and settings.workers > 1:
        raise Failure("--reload works with one process; leave --workers out.", exit_status=2)
    configure_logs(settings.log_level, settings.log_format)
    if host is not None or port is not None:
        # A Unix socket's peers are all trusted; those of a port must not be.
        settings = settings.model_copy(update={"uds": None})
    path = settings.uds
    # Bound first: a taken port is said in a tenth of a second, before a database is touched.
    listener = bind_path(path.absolute()) if path else bind_address(settings.host, settings.port)
    try:
        _run(settings, listener, reload=reload)
    finally:
        listener.socket.close()
        if path:
            path.unlink(missing_ok=True)


def _run(settings: Settings, listener: Listener, *, reload: bool) -> None:
    """Run uvicorn in this process, or under a supervisor."""
    from http_api.cli.server import DrainingServer, uvicorn_config

    config = uvicorn_config(settings, reload=reload)
    sockets = [listener.socket]
    if settings.workers == 1 and not reload:
        DrainingServer(config, announce=lambda: _announce(listener, settings)).run(sockets)
        return
    # Connections wait in the backlog until the first process takes them.
    listener.socket.listen(config.backlog)
    _announce(listener, settings)
    if reload:
        from uvicorn.supervisors import ChangeReload

        ChangeReload(config, target=DrainingServer(config).run, sockets=sockets).run()
    else:
        from http_api.cli.workers import run_workers

        run_workers(config, sockets)


def _announce(listener: Listener, settings: Settings) -> None:
    """Greet on a terminal; elsewhere write one structured line."""
    from http_api.version import version

    if sys.stderr.isatty():
        from http_api.cli.greeting import greet

        greet(listener.address, version=version(), database=settings.database_shown)
        return
    import structlog

    structlog.get_logger("lockstep.serve").info(
        "listening", address=listener.address, version=version()
    )
