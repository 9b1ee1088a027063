"""Read the query parameters that page through a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from store.errors import HistoryPruned

if TYPE_CHECKING:
    from store.entry import LogRead

__all__ = ["HistoryQuery", "Limit", "MessagesQuery", "OffsetNumber", "digits", "resumable"]

MAX_PAGE: Final = 1_000
MAX_OFFSET: Final = 2**53 - 1  # the largest integer every JSON reader keeps exactly


def digits(value: object) -> object:
    """Refuse spellings of a number that only some readers understand (``1_0``, ``+1``, ``1.0``)."""
    if isinstance(value, str) and not (value.isascii() and value.isdecimal() and len(value) < 20):
        message = "must be a whole number"
        raise ValueError(message)
    return value


OffsetNumber = Annotated[int, BeforeValidator(digits), Field(ge=0, le=MAX_OFFSET)]
Limit = Annotated[int, BeforeValidator(digits), Field(ge=1, le=MAX_PAGE)]


class HistoryQuery(BaseModel):
    """Ask for the entries after a position; an absent epoch matches any."""

    model_config = ConfigDict(extra="forbid")

    since: OffsetNumber = 0
    epoch: Annotated[str, Field(max_length=64)] | None = None
    limit: Limit = 500


class MessagesQuery(BaseModel):
    """Ask for the first messages after a position; without ``since``, for the newest ones."""

    model_config = ConfigDict(extra="forbid")

    since: OffsetNumber | None = None
    epoch: Annotated[str, Field(max_length=64)] | None = None
    limit: Limit = 500


def resumable(
    read: LogRead,
    since: int,
    epoch: str | None,
    advice: str = "Load the snapshot and go on from its position.",
) -> None:
    """Raise HistoryPruned when the entries after ``since`` are not all there, or never were."""
    if epoch not in {None, "", read.epoch} or not read.floor <= since <= read.head:
        raise HistoryPruned(
            advice,
            extra={"epoch": read.epoch, "offset": read.head, "floor": read.floor},
        )
