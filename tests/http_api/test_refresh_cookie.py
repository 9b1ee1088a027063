"""Hold how the page stays logged in: its refresh token is in a cookie that no script sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest

from tests.http_api.routes.edge import PASSWORD, Edge, open_edge

ANN = {"username": "ann", "password": PASSWORD}


@pytest.fixture
async def edge(sqlite_url: str) -> AsyncIterator[Edge]:
    """Give the routes over a fresh database, in which ann has an account."""
    async with open_edge(sqlite_url) as opened, opened.member():
        yield opened


def cookie_of(response: httpx.Response) -> Morsel[str]:
    """Read the one cookie that an answer sets."""
    (header,) = response.headers.get_list("set-cookie")
    (morsel,) = SimpleCookie(header).values()
    return morsel


async def test_the_page_keeps_its_refresh_token_in_a_cookie(edge: Edge) -> None:
    """On plain HTTP without a prefix; never in the answer, and no script can read it."""
    async with edge.client() as page:
        answer = await page.post("/auth/login?refresh=cookie", json=ANN)
        assert "refresh_token" not in answer.json()
        cookie = cookie_of(answer)
        assert cookie.key == "lockstep_refresh"
        assert (cookie["path"], cookie["samesite"].lower()) == ("/", "strict")
        assert cookie["httponly"] is True
        assert cookie["secure"] == ""
        assert cookie["domain"] == ""
        assert cookie["max-age"] == str(7 * 24 * 3600)
        renewed = await page.post("/auth/refresh", json={})
        assert renewed.status_code == 200
        assert "refresh_token" not in renewed.json()
        assert cookie_of(renewed).value not in {"", cookie.value}


async def test_over_tls_the_cookie_is_bound_to_this_host(edge: Edge) -> None:
    """The prefix makes browsers insist; the plain cookie is not read over TLS."""
    async with edge.client("https://127.0.0.1") as page:
        cookie = cookie_of(await page.post("/auth/login?refresh=cookie", json=ANN))
        assert cookie.key == "__Host-lockstep_refresh"
        assert cookie["secure"] is True
        assert cookie["path"] == "/"
        assert (await page.post("/auth/refresh", json={})).status_code == 200
    async with edge.client("https://127.0.0.1", cookie=f"lockstep_refresh={cookie.value}") as page:
        assert (await page.post("/auth/refresh", json={})).status_code == 401


async def test_a_dead_cookie_is_taken_away(edge: Edge) -> None:
    """The browser forgets a token that will never work again."""
    async with edge.client(cookie="lockstep_refresh=forged") as page:
        answer = await page.post("/auth/refresh", json={})
        assert answer.status_code == 401
        assert (cookie_of(answer).value, cookie_of(answer)["max-age"]) == ("", "0")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_no_other_site_uses_the_cookie(edge: Edge, headers: dict[str, str]) -> None:
    """Refresh, logout and login from foreign pages: 403, and the session goes on."""
    async with edge.client() as page:
        await page.post("/auth/login?refresh=cookie", json=ANN)
        for path in ("/auth/refresh", "/auth/logout", "/auth/login?refresh=cookie"):
            answer = await page.post(path, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert (await page.post("/auth/refresh", json={})).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x"])
async def test_what_a_foreign_form_can_send_is_not_read(edge: Edge, kind: str) -> None:
    """A body that needs no preflight is no JSON body."""
    async with edge.client(cookie="lockstep_refresh=x") as page:
        answer = await page.post("/auth/refresh", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415


async def test_the_page_logs_out_with_its_cookie_alone(edge: Edge) -> None:
    """After its access token expired, too; the cookie is gone then."""
    async with edge.client() as page:
        await page.post("/auth/login?refresh=cookie", json=ANN)
        answer = await page.post("/auth/logout", json={})
        assert answer.status_code == 204
        assert cookie_of(answer)["max-age"] == "0"
        assert len(await edge.ended()) == 1
        assert (await page.post("/auth/refresh", json={})).status_code == 401
