"""Describe what the graph answers, for the OpenAPI document and for the tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from http_api.answers import Positioned, Shape, TodoShape

__all__ = [
    "CriticalPathShape",
    "GraphShape",
    "ImpactShape",
    "PeopleShape",
    "RecommendationsShape",
    "SuggestionsShape",
]


class Stale(Shape):
    """Say whether the graph answered just now."""

    stale: bool = Field(
        description="The graph is away, or lacks what was written more than 5 s ago: this is its "
        "last answer, or what it has, less what is no longer yours to see, or no longer so."
    )


class AsOf(Positioned, Stale):
    """Say which position of the list the answer rests on; the graph may be behind its head."""


class Shown(AsOf):
    """Say how many there are, and whether all of them are shown."""

    total: int = Field(description="How many there are; what is shown is `limit` at most.")
    truncated: bool = Field(description="There is more than is shown.")


class ReasonShape(Shape):
    """Say why, with what it is worth."""

    kind: str = Field(description="A stable word.", examples=["due"])
    points: int = Field(description="What it adds to the score.")
    facts: dict[str, Any] = Field(description="What it rests on.")


class RecommendationShape(Shape):
    """Recommend a todo, shown as it is now."""

    todo: TodoShape
    score: int = Field(description="The sum of the reasons' points.")
    reasons: list[ReasonShape]


class ListOffset(Shape):
    """Name a list of mine, and how far the graph had it; 0: not at all yet."""

    id: UUID
    offset: int


class RecommendationsShape(Stale):
    """Say what to do next, best first."""

    items: list[RecommendationShape]
    lists: list[ListOffset] = Field(description="All lists of mine.")


class WaitingShape(Shape):
    """Show a todo that waits, as it is now."""

    todo: TodoShape
    steps: int = Field(description="1: directly; more: through others.")


class WaitingPerson(Shape):
    """Name a person who waits: an assignee, or whoever created what nobody is assigned to."""

    username: str
    todos: list[UUID]


class ImpactShape(Shown):
    """Say what waits for a todo, nearest first, and who; `people` are those of what is shown."""

    todo_id: UUID
    list_id: UUID
    waiting: list[WaitingShape]
    people: list[WaitingPerson]


class StepShape(Shape):
    """Show one step of the critical path."""

    id: UUID
    title: str
    estimate_min: int | None
    starts_min: int = Field(description="Minutes from now until all that it waits for is done.")


class CriticalPathShape(Shown):
    """Show the chain of open todos that takes longest: nothing is done sooner.

    Minutes and `assumed` are of the whole chain.
    """

    minutes: int
    todos: list[StepShape]
    assumed_min: int = Field(description="Minutes that a todo without an estimate counts for.")
    assumed: int = Field(description="How many of the chain have no estimate.")


class NodeShape(Shape):
    """Show a live todo for drawing."""

    id: UUID
    title: str
    completed: bool
    ready: bool = Field(description="Open, and waits for nothing that is open.")


class EdgeShape(Shape):
    """Say that `from` waits for `to`."""

    source: UUID = Field(alias="from")
    target: UUID = Field(alias="to")


class GraphShape(Shown):
    """Show the live todos of a list that wait or are waited for; `total` counts these todos."""

    nodes: list[NodeShape]
    edges: list[EdgeShape]
    alone: int = Field(description="How many live todos have to do with no dependency.")


class PersonHintShape(Shape):
    """Suggest a person."""

    username: str
    score: int
    reasons: list[ReasonShape]


class PeopleShape(AsOf):
    """Say whom to invite to a list, and whom to assign there, best first."""

    invite: list[PersonHintShape]
    assign: list[PersonHintShape]


class LabelHintShape(Shape):
    """Suggest a label."""

    label: str
    count: int = Field(description="How many todos with such titles carry it.")


class CompanionShape(Shape):
    """Suggest what is often added along."""

    title: str
    count: int


class SuggestionsShape(AsOf):
    """Suggest labels for a title, and what is often added to the list together with it."""

    labels: list[LabelHintShape]
    together: list[CompanionShape]
