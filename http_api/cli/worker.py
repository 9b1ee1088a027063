"""``lockstep worker``: the work that belongs to no connection, in the foreground."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["worker"]


def worker() -> None:
    """Keep Neo4j up with the lists and empty their trash after 30 days, until Ctrl-C or SIGTERM.

    Run one beside the replicas; several share the work. With SQLite, `lockstep serve` does
    this by itself.
    """
    from http_api.cli.configured import read_settings
    from http_api.cli.failure import Failure
    from http_api.logs import configure_logs
    from http_api.parts import StartError

    settings = read_settings()
    if not settings.production:
        raise Failure(
            "With SQLite, `lockstep serve` does the worker's part by itself; a worker of its own "
            "needs LOCKSTEP_DATABASE_URL=postgresql://...",
            exit_status=2,
        )
    configure_logs(settings.log_level, settings.log_format)
    try:
        asyncio.run(_work(settings))
    except asyncio.CancelledError:
        return  # a signal during the start: an orderly end, too
    except StartError as error:
        raise Failure(str(error)) from error


async def _work(settings: Settings) -> None:
    import structlog

    from http_api.parts import open_worker

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    starting = asyncio.current_task()

    def end() -> None:
        over.set()
        if starting is not None:  # it may wait half a minute for a database
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    log = structlog.get_logger("lockstep.start")
    async with open_worker(settings) as work:
        starting = None
        log.info("worker_started", database=settings.database_shown)
        task = asyncio.create_task(work.run())
        ended = asyncio.create_task(over.wait())
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, ended):
            each.cancel()
        results = await asyncio.gather(task, ended, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
    log.info("worker_stopped")
