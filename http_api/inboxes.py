"""Know everyone's Inbox: the one list that an account keeps for ever."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from store.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from store.store import Store

__all__ = ["Inboxes"]

_KEPT: Final = 10_000  # accounts; about 2 MB


class Inboxes:
    """Look an account's Inbox up once; it never changes, so it may be kept, the latest used."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[UUID, UUID] = OrderedDict()

    async def of(self, user: UUID) -> UUID:
        """Give the id of the user's Inbox; raises NotFound when the account has none any more."""
        found = self._kept.get(user)
        if found is None:
            lists = await self._store.lists_of(user)
            found = next((one.info.id for one in lists if one.info.inbox), None)
            if found is None:
                raise NotFound
            self._kept[user] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(user)
        return found
