"""Do the work that belongs to no connection, all at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http_api.housekeeping import Housekeeping
    from store.graph.projector import Projector

__all__ = ["Work"]


@dataclass(frozen=True, slots=True)
class Work:
    """Bundle what a worker does; ``projector`` None: there is no graph outside the replicas."""

    housekeeping: Housekeeping
    projector: Projector | None

    async def run(self) -> None:
        """Do it all until cancelled; raises the first exception that any part raises."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.housekeeping.run())
            if self.projector is not None:
                tasks.create_task(self.projector.run())
