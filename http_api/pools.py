"""Say how many connections to the database each pool of a process may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store.engines import StoreSettings

if TYPE_CHECKING:
    from http_api.settings import Settings

__all__ = ["pools_of"]


def pools_of(settings: Settings) -> StoreSettings:
    """Give what the store is opened with; pure."""
    return StoreSettings(
        settings.database,
        app_connections=settings.database_pool_size,
        fanout_connections=max(2, settings.database_pool_size // 2),
        standby_url=settings.read_database,
    )
