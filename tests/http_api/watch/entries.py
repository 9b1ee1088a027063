"""Entries and snapshots as the service sends them, for tests of what shows them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

AT = "2026-05-04T10:20:30.000Z"
ANN = {"id": str(UUID(int=1)), "username": "ann"}
BOB = {"id": str(UUID(int=2)), "username": "bob"}
LIST = str(UUID(int=9))


def todo_id(number: int) -> str:
    """Give the id of the ``number``th todo."""
    return str(UUID(int=1000 + number))


def todo(number: int, title: str, **fields: Any) -> dict[str, Any]:
    """Give a whole todo as snapshots hold it."""
    return {
        "id": todo_id(number),
        "list_id": LIST,
        "title": title,
        "notes": "",
        "completed": False,
        "completed_at": None,
        "completed_by": None,
        "priority": "none",
        "due_at": None,
        "estimate_min": None,
        "labels": [],
        "assignees": [],
        "blocked_by": [],
        "position": f"a{number}",
        "created_by": ANN,
        "created_at": AT,
        "updated_at": AT,
        "deleted_at": None,
        "offset": 2 + number,
    } | fields


def snapshot(offset: int, *todos: dict[str, Any], epoch: str = "e") -> dict[str, Any]:
    """Give a list's snapshot with Ann as its owner."""
    return {
        "list": {"id": LIST, "title": "Groceries", "description": ""},
        "members": [{**ANN, "role": "owner"}],
        "todos": list(todos),
        "epoch": epoch,
        "offset": offset,
    }


def entry(kind: str, **fields: Any) -> dict[str, Any]:
    """Give an entry by Ann."""
    return {"type": kind, "op": str(UUID(int=5)), "actor": ANN, "at": AT} | fields
