"""Hold the page, its files, the reference, and health."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from http_api.answers import Health, Readiness
from http_api.static_files import StaticFiles
from store.errors import NotFound, Unavailable
from tests.http_api.service import Service


async def test_the_page_and_its_files_are_served_with_their_types(embedded: Service) -> None:
    """A module script of another type is not run."""
    types = {
        "/": "text/html; charset=utf-8",
        "/static/main.js": "text/javascript; charset=utf-8",
        "/static/app.css": "text/css; charset=utf-8",
        "/static/images/icon.svg": "image/svg+xml",
        "/docs": "text/html; charset=utf-8",
        "/docs/reference.css": "text/css; charset=utf-8",
        "/openapi.json": "application/json",
    }
    for path, kind in types.items():
        answer = await embedded.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-cache"
        same = await embedded.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/no-such.js",
        "/static/../settings.py",
        "/static/..%2fsettings.py",
        "/static/..%2f..%2fpyproject.toml",
        "/static/%2e%2e/settings.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/main.js%00.css",
        "/static/..\\settings.py",
        "/static/images",
        "/static/./main.js",
    ],
)
async def test_nothing_beside_the_pages_files_is_served(embedded: Service, path: str) -> None:
    """A path is only looked up in a list of names."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    from urllib.parse import unquote

    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "scheme": "http",
        "client": None,
    }
    await embedded.app(scope, receive, send)
    assert sent[0]["status"] == 404


def test_an_edited_file_is_served_anew(tmp_path: Path) -> None:
    """``serve --reload`` shows what was just saved."""
    from starlette.requests import Request

    (tmp_path / "a.css").write_text("a")
    (tmp_path / ".secret").write_text("a")
    files = StaticFiles(tmp_path)
    request = Request({"type": "http", "method": "GET", "headers": []})
    first = files.answer(request, "a.css")
    assert files.answer(request, "a.css").headers["etag"] == first.headers["etag"]
    (tmp_path / "a.css").write_text("b")
    import os

    os.utime(tmp_path / "a.css", ns=(1, 1))
    second = files.answer(request, "a.css")
    assert (second.body, second.headers["etag"] == first.headers["etag"]) == (b"b", False)
    (tmp_path / "a.css").unlink()
    for name in ("a.css", ".secret", "b.css"):
        with pytest.raises(NotFound):
            files.answer(request, name)


async def test_a_healthy_replica_says_so(service: Service) -> None:
    """Alive, and ready."""
    live = await service.http.get("/health/live")
    assert (live.status_code, Health.model_validate(live.json()).status) == (200, "live")
    ready = await service.http.get("/health/ready")
    checks = Readiness.model_validate(ready.json()).checks
    assert (ready.status_code, set(checks.values())) == (200, {"ok"})
    assert set(checks) == {"database", "migrations", "replica"}


async def test_a_replica_without_its_database_is_not_ready(
    embedded: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is wrong; it is still alive."""

    async def away(*_given: object, **_named: object) -> None:
        raise Unavailable("gone")

    monkeypatch.setattr(embedded.services.store.database, "transact", away)
    ready = await embedded.http.get("/health/ready")
    checks = Readiness.model_validate(ready.json()).checks
    assert ready.status_code == 503
    assert checks["database"] != "ok"
    assert (await embedded.http.get("/health/live")).status_code == 200


async def test_a_stopping_replica_is_not_ready(embedded: Service) -> None:
    """The proxy sends people elsewhere."""
    await embedded.services.replica.stop()
    ready = await embedded.http.get("/health/ready")
    assert ready.status_code == 503
    assert Readiness.model_validate(ready.json()).checks["replica"] != "ok"


async def test_before_it_has_opened_its_parts_the_service_is_unavailable(sqlite_url: str) -> None:
    """503 with Retry-After, not a mistake."""
    import httpx

    from http_api.app import Application
    from http_api.settings import Settings
    from tests.http_api.service import ORIGIN

    app = Application(Settings(_env_file=None, database_url=sqlite_url))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        answer = await http.get("/api/v1/lists")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
