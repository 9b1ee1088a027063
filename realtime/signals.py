"""Define signals: what is said in passing, kept nowhere."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel as Model
from pydantic import BeforeValidator, ConfigDict, ValidationError

from realtime.publication import Publication
from store.entry import LogRead

__all__ = ["SignalFollower", "list_of_signals", "read_signal", "signals_channel"]

_PREFIX = "signals:"
_LARGEST: Final = int(1.7976931348623157e308)  # a double holds no more


def _only_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    message = "must be a string"
    raise ValueError(message)


class _Signal(Model):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["typing", "viewing", "cursor"]
    todo_id: Annotated[UUID, BeforeValidator(_only_text)] | None = None
    detail: Any = None


def signals_channel(list_id: UUID) -> str:
    """Spell the channel of a list's signals."""
    return f"{_PREFIX}{list_id}"


def list_of_signals(channel: str) -> UUID | None:
    """Read the list's id from a channel name; None when it is not one of signals."""
    if not channel.startswith(_PREFIX):
        return None
    try:
        list_id = UUID(channel[len(_PREFIX) :])
    except ValueError:
        return None
    return list_id if signals_channel(list_id) == channel else None


def read_signal(data: Any, detail_bytes: int) -> bytes | None:
    """Check a signal and spell it as JSON; None when it breaks a rule.

    Integers keep all their digits; a number beyond the range of a double is refused.
    """
    try:
        signal = _Signal.model_validate(data)
        if signal.detail is not None and not _finite(signal.detail):
            return None
        if len(_spell(signal.detail)) > detail_bytes:
            return None
        return _spell(signal.model_dump(mode="json", exclude_unset=True))
    except (ValidationError, ValueError, TypeError, RecursionError):
        return None


def _spell(value: Any) -> bytes:
    """Spell it as short as it can be; raises ValueError or TypeError for what is no JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:  # integers beyond 64 bits: an order of magnitude slower, and rare
        spelled = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return spelled.encode()


def _finite(value: Any) -> bool:
    """Refuse 1e400, however it is spelled: most readers take it for infinity or fail on it."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) <= _LARGEST
    if isinstance(value, dict):
        return all(_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return True


class SignalFollower:
    """Keep one subscription to a list's signals as long as the membership lasts, in log order.

    Register it, read the log, give the read to ``start``; every publication of the list's log goes
    through ``offer``. Both say when the membership is over.
    """

    __slots__ = ("_member_at", "_removed_at", "user")

    def __init__(self, user: UUID) -> None:
        self.user = user
        self._member_at = -1
        self._removed_at = -1

    def start(self, read: LogRead) -> bool:
        """Take the read that looked the membership up; False: no member, or not any more."""
        self._member_at = read.head
        return read.role is not None and self._removed_at <= read.head

    def offer(self, publication: Publication) -> bool:
        """Take the log's next publication; False when it took the membership away."""
        if not publication.ends(self.user) or publication.offset <= self._member_at:
            return True
        self._removed_at = publication.offset
        return self._member_at < 0
