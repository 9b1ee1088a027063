"""Know everyone's Inbox: the one list that an account keeps for ever."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

    from store.accounts import Accounts

__all__ = ["Inboxes"]

_KEPT: Final = 10_000  # accounts; about 2 MB


class Inboxes:
    """Look an account's Inbox up once; it never changes, so it may be kept, the latest used."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._kept: OrderedDict[UUID, UUID] = OrderedDict()

    async def of(self, user: UUID) -> UUID:
        """Give the id of the user's Inbox; raises NotFound when there is no such account."""
        found = self._kept.get(user)
        if found is None:
            found = (await self._accounts.profile(user)).inbox_id
            self._kept[user] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(user)
        return found
