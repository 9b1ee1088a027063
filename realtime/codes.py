"""List every error, unsubscribe and close code, with what it makes an SDK do.

The numbers are those of the Centrifugo client protocol. The official SDKs act by rule: an error is
tried again when it is ``temporary``; an unsubscribe below 2500 is final, from 2500 on the SDK
subscribes again; a close from 3000 to 3499 reconnects, from 3500 to 3999 stays away.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_REASON_BYTES", "CloseCode", "ErrorCode", "UnsubscribeCode"]

MAX_REASON_BYTES = (
    123  # a close frame's body is at most 125 bytes, two hold the code (RFC 6455 5.5)
)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """Answer one command with an error; the connection stays.

    ``temporary`` makes SDKs try again; without it they give up.
    """

    code: int
    message: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class UnsubscribeCode:
    """End one subscription; the connection stays."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class CloseCode:
    """Close the connection; ``reason`` is plain text of at most 123 bytes."""

    code: int
    reason: str


INTERNAL = ErrorCode(100, "internal error", temporary=True)
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
PERMISSION_DENIED = ErrorCode(103, "permission denied")
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
BAD_REQUEST = ErrorCode(107, "bad request")
NOT_AVAILABLE = ErrorCode(108, "not available")
TOKEN_EXPIRED = ErrorCode(109, "token expired")
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")
INVALID = ErrorCode(422, "invalid")
INVALID_MESSAGE = INVALID.message

REMOVED = UnsubscribeCode(2000, "removed")
LIST_DELETED = UnsubscribeCode(2000, "list deleted")
INSUFFICIENT_STATE_UNSUBSCRIBE = UnsubscribeCode(2500, "insufficient state")

UNSUPPORTED_DATA = CloseCode(1003, "JSON comes as text, Protobuf as binary")
NOT_UTF8 = CloseCode(1007, "text must be UTF-8")
TOO_MANY_FRAGMENTS = CloseCode(1008, "too many fragments")
TOO_BIG = CloseCode(1009, "message too big")
NOT_AUTHENTICATED = CloseCode(3000, "not authenticated in time")
SHUTDOWN = CloseCode(3001, "shutdown")
OVERLOAD = CloseCode(3004, "overloaded, try again later")
EXPIRED = CloseCode(3005, "token expired")
SLOW = CloseCode(3008, "slow reader")
INSUFFICIENT_STATE = CloseCode(3010, "insufficient state")
NO_PONG = CloseCode(3012, "no pong")
TOO_MANY_COMMANDS = CloseCode(3013, "too many requests")
INVALID_TOKEN = CloseCode(3500, "invalid token")
BAD_FRAME = CloseCode(3501, "bad request")
FORCE_CLOSE = CloseCode(3503, "force disconnect")
CLOSE_PERMISSION_DENIED = CloseCode(3507, "permission denied")
