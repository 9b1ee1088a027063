"""Hold that the keys of access and refresh tokens differ, and outlive a restart."""

from __future__ import annotations

from http_api.identity import open_identity
from http_api.settings import Settings
from store.engines import StoreSettings
from store.store import open_store


async def test_tokens_outlive_a_restart_with_the_same_secret(sqlite_url: str) -> None:
    """Nobody is logged out by a restart; another secret logs everyone out."""
    store = await open_store(StoreSettings(sqlite_url))
    same, other = (
        Settings(_env_file=None, secret_key=digits * 4)
        for digits in ("0123456789abcdef", "fedcba9876543210")
    )
    with open_identity(store, same) as identity:
        await identity.accounts.register("ann", "tulip-bench-42")
        grant = await identity.accounts.authenticate("ann", "tulip-bench-42")
        access = identity.tokens.issue(grant.actor)
    with open_identity(store, same) as identity:
        assert identity.tokens.authenticate(access).actor == grant.actor
        assert (await identity.sessions.rotate(grant.refresh_token)).actor == grant.actor
    with open_identity(store, other) as identity:
        assert identity.sessions.session_of(grant.refresh_token) is None
    await store.aclose()
