"""Hold what the composition root promises: the life of all parts."""

from __future__ import annotations

from typing import Any

import pytest

from http_api.app import Application
from http_api.settings import Settings
from http_api.socket_door import DOOR
from store.errors import Unavailable
from tests.http_api.service import SECRET


async def test_the_lifespan_opens_and_closes_every_part(empty_sqlite_url: str) -> None:
    """An empty embedded database is migrated; the server is handed the drain and the door."""
    app = Application(Settings(_env_file=None, database_url=empty_sqlite_url, secret_key=SECRET))
    sent: list[Any] = []
    served: list[set[str]] = []
    scope: dict[str, Any] = {"type": "lifespan", "state": {}}

    async def receive() -> Any:
        if not sent:
            return {"type": "lifespan.startup"}
        served.append(set(scope["state"]))
        await scope["state"]["drain"]()
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await app(scope, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert served == [{"drain", DOOR}]
    with pytest.raises(Unavailable):
        app._current()


async def test_a_postgresql_without_schema_is_refused_with_the_way_out(
    empty_postgresql_url: str,
) -> None:
    """The sentence names the command."""
    from http_api.parts import StartError

    settings = Settings(_env_file=None, database_url=empty_postgresql_url, secret_key=SECRET)
    with pytest.raises(StartError, match="run `lockstep migrate`"):
        async with Application(settings).running():
            pass
