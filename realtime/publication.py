"""Hold an entry as it stands on the wire: encoded once, the same bytes for every reader."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from store.entry import Entry

__all__ = ["EVERYONE", "Publication"]

EVERYONE: Final = UUID(int=0)  # no user has the nil UUID

# The first is the entry's own: before it stand the type, ids and a username, and in text no
# quotation mark is without a backslash.
_AT: Final = b',"at":"'


class Publication:
    """Hold one entry of a log, framed for its channel.

    ``body`` is ``{"data":...,"offset":n}`` as replies hold it, ``frame`` the whole push; ``binary``
    is the push in the binary form, None until somebody needs it (``Encoding.publication``).
    ``removes`` is whom this entry takes access to its log from: a user, ``EVERYONE`` (the list is
    gone), or None.
    """

    __slots__ = ("binary", "body", "entry", "frame", "offset", "removes")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.offset = entry.offset
        self.body = b'{"data":%b,"offset":%d}' % (entry.data, entry.offset)
        self.frame = b'{"push":{"channel":"%b","pub":%b}}' % (
            entry.log.channel.encode(),
            self.body,
        )
        self.binary: bytes | None = None
        self.removes: UUID | None = None
        if entry.type == "member.removed":
            self.removes = entry.subject
        elif entry.type == "list.deleted":
            self.removes = EVERYONE

    @property
    def made_at(self) -> float | None:
        """Give the seconds since 1970 at which the change was decided; None: it does not tell.

        A moment before its commit, by the clock of whichever process did it.
        """
        data = self.entry.data
        start = data.find(_AT) + len(_AT)
        try:
            at = data[start : data.index(b'"', start)].decode()
            return datetime.fromisoformat(at).timestamp()
        except ValueError:
            return None

    def ends(self, user: UUID) -> bool:
        """Tell whether this entry takes ``user``'s access away."""
        return self.removes is not None and self.removes in (user, EVERYONE)
