"""Hold what a checked access token proves."""

from __future__ import annotations

from dataclasses import dataclass

from store.actor import Actor

__all__ = ["Credentials", "TokenExpired", "TokenInvalid"]


class TokenExpired(Exception):
    """Say that the access token was good and is over: the client should fetch a new one."""


class TokenInvalid(Exception):
    """Say that the access token was never good, or that its session was ended."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Hold who connected, and from when to when their token counts (seconds since 1970).

    ``actor.session`` is always set.
    """

    actor: Actor
    issued_at: float
    expires_at: float
