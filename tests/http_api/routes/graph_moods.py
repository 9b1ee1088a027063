"""Ask what to do next, and let a graph fall behind or go away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from http_api.graph_shapes import RecommendationsShape
from store.errors import GraphUnavailable
from tests.http_api.service import Service, Someone


async def what_next(someone: Someone, **params: Any) -> dict[str, Any]:
    """Ask, and hold the answer to its description."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    answer = await someone.done("GET", f"/recommendations?{query}")
    RecommendationsShape.model_validate(answer)
    return answer


def titles(answer: dict[str, Any]) -> list[str]:
    """Give the recommended titles, best first."""
    return [item["todo"]["title"] for item in answer["items"]]


class Away:
    """Be a graph that does not answer."""

    def __getattr__(self, question: str) -> Any:
        async def ask(*_: Any) -> Any:
            raise GraphUnavailable("It is away.")

        return ask


def leave_behind(service: Service, monkeypatch: pytest.MonkeyPatch, *, late: bool = False) -> None:
    """Let the graph stay as it is, as one does whose worker is stopped.

    Only just now; ``late``: for so long that it must not go unsaid.
    """
    advisor = service.services.advisor
    monkeypatch.setattr(advisor, "_prepare", None)
    forgiven = timedelta(0) if late else timedelta(hours=1)
    monkeypatch.setattr(advisor._lateness, "_forgiven", forgiven)


def take_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the graph answer nothing more."""
    monkeypatch.setattr(service.services.advisor, "_graph", Away())
