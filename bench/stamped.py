"""``python -m bench.stamped FILE``: ``lockstep serve`` that notes when each COMMIT returned.

The moment is invisible from outside: the answer of the write comes later, PostgreSQL's own time of
the commit is taken before it is forced to disk, milliseconds earlier. SIGUSR2 has it run its
garbage collector, so that memory is compared without what nobody holds any more.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.database import Pool

__all__ = ["COLLECTED", "read_stamps"]

COLLECTED = ".collected"
"""What the name of the file ends in that grows by a byte a collection."""


def read_stamps(path: Path) -> dict[tuple[str, int], int]:
    """Give when COMMIT returned, in nanoseconds since 1970, by list id and offset."""
    stamps = {}
    for line in path.read_text().splitlines():
        list_id, before, after, stamp = line.split()
        for offset in range(int(before) + 1, int(after) + 1):
            stamps[list_id, offset] = int(stamp)
    return stamps


def _serve(path: str) -> None:
    from http_api.cli import main
    from store.database import Database

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    call = Database.call

    def collect(*_: object) -> None:
        gc.collect()
        with Path(path + COLLECTED).open("ab") as collected:
            collected.write(b".")

    signal.signal(signal.SIGUSR2, collect)

    async def stamped_call(self: Database, pool: Pool, statement: str, *groups: Any) -> list[Any]:
        heads = await call(self, pool, statement, *groups)
        returned = time.time_ns()
        for (list_id, before, after, *_), head in zip(groups, heads, strict=True):
            if head == before:
                os.write(file, f"{list_id} {before} {after} {returned}\n".encode())
        return heads

    Database.call = stamped_call  # type: ignore[method-assign]
    sys.argv = ["lockstep", "serve"]
    main()


if __name__ == "__main__":
    _serve(sys.argv[1])
