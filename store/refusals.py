"""Make sure that what was refused from memory is refused for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from store.database import Database, Pool
from store.shared_query import SharedQuery

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["Refusals"]

# Their heads are locked (shared) until the statement ends, in one order everywhere.
_ASK: Final = """
SELECT lockstep_refused_at(list, actor, op)
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS asked (list, actor, op, number)
ORDER BY number
"""

_Asked = tuple["UUID", "UUID", "UUID | None"]


class Refusals:
    """Tell of refused commands whether they hold. PostgreSQL only.

    A command was refused for want of something that another replica may have written a moment ago,
    or because it was carried out before: its operation id tells. Asking costs a twentieth of
    carrying the command out the longer way. Those asked in the same moment share a statement.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query: SharedQuery[_Asked, int | None] = SharedQuery(self._ask, most=64, at_once=2)

    async def head_for(self, list_id: UUID, actor: UUID, op: UUID | None) -> int | None:
        """Give the list's head, at which whatever was decided there holds.

        None: the actor is no member, or the operation id was used before. Raises Unavailable.
        """
        return await self._query.ask((list_id, actor, op))

    async def aclose(self) -> None:
        """Wait until nothing is asked any more."""
        await self._query.aclose()

    async def _ask(self, asked: Sequence[_Asked]) -> list[int | None]:
        in_order = sorted(range(len(asked)), key=lambda number: asked[number][0])
        questions = [asked[number] for number in in_order]
        rows = await self._database.fetch(
            Pool.APP,
            _ASK,
            [list_id for list_id, _, _ in questions],
            [actor for _, actor, _ in questions],
            [op for _, _, op in questions],
        )
        heads: dict[int, int | None] = {
            number: row[0] for number, row in zip(in_order, rows, strict=True)
        }
        return [heads[number] for number in range(len(asked))]
