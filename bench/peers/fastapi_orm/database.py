"""The engine and a session per request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=10, max_overflow=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Give a request its session; what was not committed is rolled back."""
    async with sessions() as session:
        yield session
