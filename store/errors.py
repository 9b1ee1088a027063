"""Name everything the store refuses, each with the word and the status a client sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

__all__ = [
    "Conflict",
    "Forbidden",
    "GraphUnavailable",
    "HistoryPruned",
    "Invalid",
    "LockstepError",
    "NotDone",
    "NotFound",
    "OpReused",
    "OutcomeUnknown",
    "Stale",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
]


class LockstepError(Exception):
    """Be the root of every refusal.

    ``status`` is the HTTP status, ``code`` the stable word, ``detail`` a sentence.
    ``extra`` holds further members of the answer, such as the current todo of a stale write.
    ``detail`` never holds a secret, a title or a text of another person.
    """

    status: ClassVar[int] = 500
    code: str = "internal"

    def __init__(
        self, detail: str = "", *, code: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.extra: Mapping[str, Any] = extra or {}


class Unauthenticated(LockstepError):
    """Refuse because no valid proof of identity came along."""

    status = 401
    code = "unauthenticated"


class Forbidden(LockstepError):
    """Refuse because the role of a member does not suffice."""

    status = 403
    code = "forbidden"


class NotFound(LockstepError):
    """Refuse because there is no such thing, or the caller may not know that there is."""

    status = 404
    code = "not_found"


class Conflict(LockstepError):
    """Refuse because the state of the list forbids the command; ``code`` says why."""

    status = 409
    code = "conflict"


class OpReused(Conflict):
    """Refuse because the operation id was used for another body."""

    code = "op_reused"


class HistoryPruned(LockstepError):
    """Refuse because the position lies below the floor, ahead of the head or in another epoch."""

    status = 410
    code = "history_pruned"


class Stale(LockstepError):
    """Refuse because the thing changed after the position the writer named."""

    status = 412
    code = "stale"


class Invalid(LockstepError):
    """Refuse because the input breaks a rule; ``errors`` lists ``(path, message)``.

    ``path`` is dotted, from the command's own fields down.
    """

    status = 422
    code = "invalid"

    def __init__(self, errors: Sequence[tuple[str, str]], detail: str = "") -> None:
        super().__init__(detail or "; ".join(f"{path}: {message}" for path, message in errors))
        self.errors = tuple(errors)


class NotDone(LockstepError):
    """Say that a command was not carried out because another one was refused (RFC 4918: 424)."""

    status = 424
    code = "not_done"


class TooMany(LockstepError):
    """Refuse because a rate is exceeded; ``retry_after_s`` seconds until it is worth trying."""

    status = 429
    code = "too_many_requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(LockstepError):
    """Refuse because a part is down, frozen or overloaded; nothing was written, retry is safe."""

    status = 503
    code = "unavailable"
    retry_after_s = 1


class GraphUnavailable(Unavailable):
    """Refuse a question to the graph because it is down, slow, refuses, or is not far enough yet.

    ``retry_after_s`` seconds until it is worth asking again. Nothing but such questions needs it.
    """

    code = "graph_unavailable"

    def __init__(self, detail: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(detail or "The graph does not answer now; ask again shortly.")
        self.retry_after_s = retry_after_s


class OutcomeUnknown(Unavailable):
    """Say that the connection was lost during COMMIT: retry with the same operation id."""

    code = "outcome_unknown"

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail or "The outcome is unknown; send it again with the same operation id.",
            extra={"outcome": "unknown"},
        )
