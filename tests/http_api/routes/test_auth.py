"""Hold how people register, log in, stay logged in and leave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest

from tests.http_api.routes.edge import PASSWORD, Edge, open_edge

ANN = {"username": "ann", "password": PASSWORD}


@pytest.fixture
async def edge(sqlite_url: str) -> AsyncIterator[Edge]:
    """Give the routes over a fresh database."""
    async with open_edge(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def ann(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of ann, who is logged in."""
    async with edge.member() as client:
        yield client


async def login(client: httpx.AsyncClient, **changes: str) -> dict[str, Any]:
    """Log ann in; give the answer."""
    answer = await client.post("/auth/login", json={**ANN, **changes})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def test_registering_answers_with_the_account(edge: Edge) -> None:
    """201 with what the owner may see of it: no password, no hash."""
    async with edge.client() as client:
        answer = await client.post(
            "/auth/register",
            json={**ANN, "email": "ann@example.org", "display_name": "Ann Lee"},
        )
        account = answer.json()
        assert answer.status_code == 201
        assert account.keys() == {
            "id",
            "username",
            "display_name",
            "email",
            "is_admin",
            "inbox_id",
            "created_at",
        }
        assert (account["username"], account["email"]) == ("ann", "ann@example.org")
        assert UUID(account["id"]) != UUID(account["inbox_id"])
        assert answer.headers["cache-control"] == "no-store"


async def test_a_taken_name_is_409_and_a_broken_rule_422(edge: Edge, ann: object) -> None:
    """With a stable word, and with the field and the rule."""
    async with edge.client() as client:
        taken = await client.post("/auth/register", json={**ANN, "username": "ANN"})
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        broken = await client.post(
            "/auth/register", json={"username": "р" + "aul", "password": "password1234"}
        )
        assert (broken.status_code, broken.json()["code"]) == (422, "invalid")
        assert [found["path"] for found in broken.json()["errors"]] == ["username", "password"]
        assert "password1234" not in broken.text


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"username", "password"}),
        ({**ANN, "id": str(UUID(int=1))}, {"id"}),
        ({**ANN, "is_admin": True}, {"is_admin"}),
        ({**ANN, "__proto__": {}}, {"__proto__"}),
        ({"username": 1, "password": None}, {"username", "password"}),
        ({**ANN, "password": "x" * 2_000}, {"password"}),
        ({**ANN, "email": "nowhere"}, {"email"}),
        ({**ANN, "username": "a\u0000"}, {"username"}),
    ],
)
async def test_registering_takes_named_fields_only(
    edge: Edge, body: dict[str, Any], paths: set[str]
) -> None:
    """Nobody makes themself an administrator; nothing of a refused request is kept."""
    async with edge.client() as client:
        answer = await client.post("/auth/register", json=body)
        assert answer.status_code == 422
        assert {found["path"] for found in answer.json()["errors"]} == paths
        assert (await client.post("/auth/register", json=ANN)).status_code == 201


@pytest.mark.parametrize("how", ["closed", "invite"])
async def test_registration_can_be_closed(sqlite_url: str, how: str) -> None:
    """403 with a word and what to do, whatever was sent."""
    async with open_edge(sqlite_url, registration=how) as edge, edge.client() as client:
        answer = await client.post("/auth/register", json=ANN)
        assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")


async def test_an_invitation_opens_a_registration_by_invitation(sqlite_url: str) -> None:
    """The new account is in its list at once; a used up, withdrawn or made-up one opens nothing."""
    async with open_edge(sqlite_url, registration="invite", rate_limits=False) as edge:
        await edge.accounts.register("host", PASSWORD)
        async with edge.device("host") as host, edge.client() as client:
            list_id = (await host.post("/lists", json={"title": "trip"})).json()["list"]["id"]
            made = await host.post(f"/lists/{list_id}/invites", json={"role": "editor", "uses": 1})
            token = made.json()["token"]
            for invite in ("made-up", "", "x" * 1024, None):
                refused = await client.post("/auth/register", json={**ANN, "invite": invite})
                assert (refused.status_code, refused.json()["code"]) == (403, "registration_closed")
            weak = {**ANN, "password": "short", "invite": token}
            assert (await client.post("/auth/register", json=weak)).status_code == 422
            invited = {**ANN, "invite": token}
            assert (await client.post("/auth/register", json=invited)).status_code == 201
            late = await client.post("/auth/register", json={**invited, "username": "late"})
            assert late.status_code == 403
        async with edge.device("ann") as ann:
            mine = (await ann.get("/lists")).json()["lists"]
            assert [(one["title"], one["role"]) for one in mine] == [
                ("Inbox", "owner"),
                ("trip", "editor"),
            ]
            again = await ann.post(f"/invites/{token}/accept")
            assert (again.status_code, again.json()["role"]) == (200, "editor")


async def test_where_registration_is_open_an_invitation_that_is_over_is_no_hindrance(
    edge: Edge,
) -> None:
    """The account is made, and is in no list but its own."""
    async with edge.client() as client:
        answer = await client.post("/auth/register", json={**ANN, "invite": "over"})
        assert answer.status_code == 201
    async with edge.device("ann") as ann:
        assert len((await ann.get("/lists")).json()["lists"]) == 1


async def test_logging_in_by_form_and_by_json_give_the_same(edge: Edge, ann: object) -> None:
    """The OAuth2 password grant and the JSON route answer alike, and nothing may cache it."""
    async with edge.client() as client:
        form = await client.post("/auth/token", data={**ANN, "grant_type": "password"})
        json = await client.post("/auth/login", json=ANN)
        for answer in (form, json):
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers
            tokens = answer.json()
            assert tokens.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
            assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
            claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
            assert claims["name"] == "ann"
            assert claims["exp"] - claims["iat"] == 1800


@pytest.mark.parametrize(
    "body",
    [
        b"username=ann",
        b"username=ann&username=ben&password=x",
        b"username=ann&password=tulip-bench-42&grant_type=client_credentials",
        b"username=ann&password=tulip-bench-42&admin=1",
        b"{}",
        b"\xff",
    ],
)
async def test_a_form_that_is_not_the_password_grant_is_refused(edge: Edge, body: bytes) -> None:
    """400 or 422, never a login."""
    async with edge.client() as client:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/auth/token", content=body, headers=kind)
        assert answer.status_code in {400, 422}


async def test_a_wrong_login_tells_nothing(edge: Edge, ann: object) -> None:
    """Unknown name, wrong password and disabled account: the same bytes, but for the request."""
    async with edge.client() as client:
        await client.post("/auth/register", json={**ANN, "username": "off"})
        await edge.accounts.set_disabled("off", disabled=True)
        answers = [
            await client.post("/auth/login", json=proof, headers={"X-Request-ID": "same"})
            for proof in (
                {"username": "ann", "password": "wrong-bench-42"},
                {"username": "nobody", "password": PASSWORD},
                {"username": "off", "password": PASSWORD},
                {"username": "\u0000", "password": ""},
                {"username": "ann", "password": PASSWORD * 15_000},
                {"username": "n" * 200_000, "password": PASSWORD},
            )
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1
        assert {tuple(sorted(answer.headers.items())) for answer in answers} == {
            tuple(sorted(answers[0].headers.items()))
        }
        assert answers[0].headers["www-authenticate"].startswith("Bearer")


async def test_a_wrong_login_takes_the_same_time_whoever_is_meant(
    sqlite_url: str,
) -> None:
    """An unknown name takes as long as a wrong password, within half of one hash."""
    async with open_edge(sqlite_url, rate_limits=False) as edge, edge.client() as client:
        await client.post("/auth/register", json=ANN)

        async def fastest(name: str) -> float:
            taken = []
            for _ in range(7):
                began = time.process_time()  # of all threads, whatever else the machine does
                await client.post("/auth/login", json={"username": name, "password": "x" * 12})
                taken.append(time.process_time() - began)
            return min(taken)

        known, unknown = await fastest("ann"), await fastest("nobody")
        assert unknown > known / 2
        assert known > unknown / 2


async def test_refreshing_gives_the_next_tokens(edge: Edge, ann: object) -> None:
    """The new access token works; the old refresh token gives the same successor for a moment."""
    async with edge.client() as client:
        first = await login(client)
        second = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert second.status_code == 200
        again = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert again.json()["refresh_token"] == second.json()["refresh_token"]
        token = second.json()["access_token"]
        me = await client.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["username"] == "ann"


async def test_a_replayed_refresh_token_ends_the_session_everywhere(
    edge: Edge, ann: object
) -> None:
    """Its access tokens are refused from then on, and every replica is told."""
    async with edge.client() as client:
        tokens = await login(client)
        old = tokens["refresh_token"]
        for _ in range(2):
            tokens = (
                await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
            ).json()
        replayed = await client.post("/auth/refresh", json={"refresh_token": old})
        assert (replayed.status_code, replayed.json()["code"]) == (401, "token_reused")
        assert len(await edge.ended()) == 1
        newest = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert newest.status_code == 401
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await client.get("/me", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "A" * 70}]
)
async def test_refreshing_with_nothing_good_is_401(edge: Edge, body: dict[str, Any]) -> None:
    """No token, an empty one, a forged one."""
    async with edge.client() as client:
        answer = await client.post("/auth/refresh", json=body)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_tokens_do_not_work_in_each_others_place(edge: Edge, ann: object) -> None:
    """An access token does not refresh, a refresh token does not authorize."""
    async with edge.client() as client:
        tokens = await login(client)
        wrong = await client.post("/auth/refresh", json={"refresh_token": tokens["access_token"]})
        assert wrong.status_code == 401
        bearer = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        answer = await client.get("/me", headers=bearer)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_logging_out_ends_the_session_at_once(edge: Edge, ann: httpx.AsyncClient) -> None:
    """The access token stops working, the refresh token too, and every replica is told."""
    async with edge.client() as client:
        tokens = await login(client)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await client.post("/auth/logout", headers=bearer)).status_code == 204
        assert len(await edge.ended()) == 1
        assert (await client.get("/me", headers=bearer)).status_code == 401
        assert (await client.post("/auth/logout", headers=bearer)).status_code == 401
        late = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert late.status_code == 401
    assert (await ann.get("/me")).status_code == 200


async def test_logging_out_as_nobody_is_401(edge: Edge) -> None:
    """There is nothing to end."""
    async with edge.client() as client:
        assert (await client.post("/auth/logout", json={})).status_code == 401


async def test_guessing_passwords_is_stopped(edge: Edge, ann: object) -> None:
    """Five wrong ones a minute; the sixth waits, even with the right password, for names alike."""
    async with edge.client() as client:
        for name in ("ann", "nobody"):
            wrong = {"username": name, "password": "wrong-bench-42"}
            for _ in range(5):
                assert (await client.post("/auth/login", json=wrong)).status_code == 401
            for proof in (wrong, {**wrong, "password": PASSWORD}):
                answer = await client.post("/auth/token", data=proof)
                assert answer.status_code == 429
                assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_a_thousand_wrong_passwords_do_not_take_the_service(sqlite_url: str) -> None:
    """Whoever finds the queue full is sent away at once with 503; others are served meanwhile."""
    async with open_edge(sqlite_url, rate_limits=False) as edge:
        async with edge.member() as ann, edge.client() as crowd:
            wrong = {"username": "ann", "password": "wrong-bench-42"}
            flood = [asyncio.create_task(crowd.post("/auth/login", json=wrong)) for _ in range(200)]
            for _ in range(10):
                assert (await ann.get("/me")).status_code == 200
            answers = await asyncio.gather(*flood)
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {401, 503}
        assert all(
            "retry-after" in answer.headers for answer in answers if answer.status_code == 503
        )
        async with edge.client() as client:
            await login(client)
