"""Hold what the composition root promises: who may read, and the life of all parts."""

from __future__ import annotations

from typing import Any

import pytest

from http_api.app import Application
from http_api.settings import Settings
from http_api.socket_door import DOOR
from store.errors import Unavailable
from tests.http_api.service import SECRET, serving

LISTED = "https://todo.example.org"


async def test_pages_of_listed_origins_may_use_the_service(sqlite_url: str) -> None:
    """They are told so before and after, on refusals too, and get no cookie."""
    async with serving(database_url=sqlite_url, allowed_origins=f"{LISTED}, https://b.org") as it:
        asked = await it.http.options(
            "/api/v1/lists",
            headers={
                "Origin": LISTED,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,idempotency-key,if-match",
            },
        )
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == LISTED
        ann = await it.register("ann")
        made = await ann.post("/lists", {"title": "x"}, headers={"Origin": LISTED})
        refused = await it.nobody.get("/lists", origin=LISTED)
        assert (made.status_code, refused.status_code) == (201, 401)
        for answer in (made, refused):
            assert answer.headers["access-control-allow-origin"] == LISTED
            assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", "http://127.0.0.1:8000"])
async def test_other_pages_may_not_read(sqlite_url: str, origin: str) -> None:
    """With a list, not even the address itself counts unless it is on it."""
    async with serving(database_url=sqlite_url, allowed_origins=LISTED) as it:
        asked = await it.http.options(
            "/api/v1/lists", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
        )
        read = await it.nobody.get("/lists", origin=origin)
        assert asked.status_code == 400
        for answer in (asked, read):
            assert "access-control-allow-origin" not in answer.headers


async def test_without_a_list_nobody_else_may_read(sqlite_url: str) -> None:
    """No CORS fields at all."""
    async with serving(database_url=sqlite_url) as it:
        read = await it.nobody.get("/lists", origin="http://127.0.0.1:8000")
        assert not [name for name in read.headers if name.startswith("access-control")]


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
