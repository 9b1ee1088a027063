"""Hold what was decided: the entries to append and the answer to give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from store.errors import Forbidden
from store.todo.model import person_json

if TYPE_CHECKING:
    from uuid import UUID

    from store.todo.model import Person, Role

__all__ = ["Context", "Decision", "demand"]


@dataclass(frozen=True, slots=True)
class Context:
    """Hold what comes from outside: who acts, the operation id, the time, and a fresh id."""

    actor: Person
    op: UUID
    at: str
    new_id: UUID

    def entry(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Build an entry's JSON object, its common members first."""
        return {
            "type": kind,
            "op": str(self.op),
            "actor": person_json(self.actor),
            "at": self.at,
            **fields,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """Hold the outcome of a command that was not refused.

    ``entries`` go to the list's log in order (none: nothing changes), ``inbox`` to the user logs of
    the persons named. The answer is ``answer``, with the todo ``todo_id`` as it then is.
    """

    entries: tuple[dict[str, Any], ...] = ()
    inbox: tuple[tuple[UUID, dict[str, Any]], ...] = ()
    answer: Mapping[str, Any] | None = None
    todo_id: UUID | None = None
    status: int = 200


def demand(role: Role, needed: Role) -> None:
    """Refuse (Forbidden) when ``role`` does not cover ``needed``."""
    if not role.covers(needed):
        message = f"This needs the role {needed.value}; yours in this list is {role.value}."
        raise Forbidden(message)
