"""``python -m bench.stamped FILE``: ``lockstep serve`` that notes when each COMMIT returned.

The moment is invisible from outside: the answer of the write comes later, PostgreSQL's own time of
the commit is taken before it is forced to disk, milliseconds earlier.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.group_commit import Group

__all__ = ["read_stamps"]


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
    from store.group_commit import Group

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    returned = 0
    call, write = Database.call, Group.write

    async def stamped_call(self: Database, *args: object) -> object:
        nonlocal returned
        answer = await call(self, *args)  # type: ignore[arg-type]
        returned = time.time_ns()
        return answer

    async def stamped_write(self: Group, database: Database) -> bool:
        written = await write(self, database)
        if written:
            # Nothing ran between the two returns: no await lies between them.
            line = f"{self._list_id} {self._before} {self._warm.offset} {returned}\n"
            os.write(file, line.encode())
        return written

    Database.call = stamped_call  # type: ignore[method-assign,assignment]
    Group.write = stamped_write  # type: ignore[method-assign]
    sys.argv = ["lockstep", "serve"]
    main()


if __name__ == "__main__":
    _serve(sys.argv[1])
