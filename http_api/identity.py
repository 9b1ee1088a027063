"""Bundle what tells who someone is: accounts, sessions, tokens, and the limits on trying."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from http_api.login_limits import LoginLimits
from http_api.tokens import AccessTokens, access_keys
from store.accounts import Accounts
from store.keys import derive_key
from store.passwords import Passwords
from store.refresh_tokens import RefreshTokens
from store.sessions import Sessions

if TYPE_CHECKING:
    from http_api.settings import Settings
    from store.store import Store

__all__ = ["Identity", "open_identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Hold the parts that log people in and out."""

    accounts: Accounts
    sessions: Sessions
    tokens: AccessTokens
    limits: LoginLimits


@contextmanager
def open_identity(store: Store, settings: Settings) -> Iterator[Identity]:
    """Put accounts, sessions and tokens together over an open store; ends the hashing threads."""
    secret = settings.secret
    passwords = Passwords()
    refresh = RefreshTokens(derive_key(secret, "lockstep refresh token HMAC-SHA256"))
    idle = timedelta(seconds=settings.refresh_ttl_s)
    sessions = Sessions(store.database, refresh, idle=idle)
    try:
        yield Identity(
            Accounts(store.database, store.epoch, passwords, sessions),
            sessions,
            AccessTokens(access_keys(secret), ttl_s=settings.access_ttl_s),
            LoginLimits(enabled=settings.rate_limits),
        )
    finally:
        passwords.close()
