"""Share what each process of one ``lockstep serve --workers`` shows of itself with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["WorkerPages", "WorkerSeats", "merged"]

_SUFFIX: Final = ".prom"


@dataclass(frozen=True, slots=True)
class WorkerPages:
    """Hold one process' place among those that share a port: a file in a directory of theirs.

    ``number`` counts from 0, and is no other living process'. The file holds the text that this
    process last showed, so whoever is asked can show all of them, and nobody an older one than was
    shown before.
    """

    directory: Path
    number: int

    def keep(self, page: bytes) -> None:
        """Put this process' page in place of its last one, at once for readers; raises OSError."""
        fresh = self.directory / f"{self.number}.new"
        fresh.write_bytes(page)
        fresh.replace(self._path)

    def others(self) -> list[bytes]:
        """Give the pages of the other processes, as far as there are any; raises OSError."""
        found = []
        for path in sorted(self.directory.glob(f"*{_SUFFIX}")):
            if path != self._path:
                try:
                    found.append(path.read_bytes())
                except FileNotFoundError:
                    continue  # it ended this moment
        return found

    @property
    def _path(self) -> Path:
        return self.directory / f"{self.number}{_SUFFIX}"


class WorkerSeats:
    """Give out the numbers of processes, and clear away what those that ended have left."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._taken: set[int] = set()

    def take(self) -> WorkerPages:
        """Give the lowest number that no living process has."""
        number = next(one for one in range(len(self._taken) + 1) if one not in self._taken)
        self._taken.add(number)
        return WorkerPages(self._directory, number)

    def leave(self, pages: WorkerPages) -> None:
        """Learn that the process of this place has ended; harmless when it is known."""
        if pages.number in self._taken:
            self._taken.discard(pages.number)
            for suffix in (_SUFFIX, ".new"):
                (self._directory / f"{pages.number}{suffix}").unlink(missing_ok=True)


def merged(pages: Iterable[bytes]) -> bytes:
    """Join pages in Prometheus' text format into one, in which each family stands once."""
    heads: dict[bytes, bytes] = {}
    samples: dict[bytes, list[bytes]] = {}
    for page in pages:
        for family in page.split(b"# HELP ")[1:]:
            told, kind, lines = family.split(b"\n", 2)
            name = told.partition(b" ")[0]
            heads.setdefault(name, b"# HELP %b\n%b\n" % (told, kind))
            samples.setdefault(name, []).append(lines)
    return b"".join(heads[name] + b"".join(lines) for name, lines in samples.items())
