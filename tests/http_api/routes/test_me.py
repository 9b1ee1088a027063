"""Hold what people may see and do about their own account and devices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from tests.http_api.routes.edge import PASSWORD, Edge, open_edge


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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("POST", "/me/password"),
        ("GET", "/me/sessions"),
        ("DELETE", f"/me/sessions/{UUID(int=1)}"),
    ],
)
async def test_a_token_is_asked_for(edge: Edge, method: str, path: str) -> None:
    """Without one, with another scheme, or with nonsense: 401 and how to do better."""
    async with edge.client() as client:
        for authorization in (
            None,
            "Basic YW5uOng=",
            "Bearer",
            "Bearer x",
            "Bearer " + "x" * 9_000,
        ):
            headers = {} if authorization is None else {"Authorization": authorization}
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_my_profile_changes_as_i_say(ann: httpx.AsyncClient) -> None:
    """Named fields change, null clears, the rest stays."""
    answer = await ann.patch("/me", json={"display_name": "Ann Lee", "email": "ann@example.org"})
    assert answer.status_code == 200
    assert (answer.json()["display_name"], answer.json()["email"]) == ("Ann Lee", "ann@example.org")
    answer = await ann.patch("/me", json={"email": None})
    assert (answer.json()["display_name"], answer.json()["email"]) == ("Ann Lee", None)
    assert (await ann.patch("/me", json={})).json() == (await ann.get("/me")).json()


@pytest.mark.parametrize(
    "body",
    [
        {"username": "ben"},
        {"is_admin": True},
        {"id": str(uuid4())},
        {"inbox_id": str(uuid4())},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"display_name": 5},
        {"display_name": "x" * 101},
        {"email": "nowhere"},
        {"display_name": "fine", "email": "nowhere"},
    ],
)
async def test_nothing_else_changes(ann: httpx.AsyncClient, body: dict[str, object]) -> None:
    """Usernames never change, nobody makes themself administrator, half a change is none."""
    before = (await ann.get("/me")).json()
    answer = await ann.patch("/me", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert (await ann.get("/me")).json() == before


async def test_a_change_sent_again_is_the_same_change(ann: httpx.AsyncClient) -> None:
    """As for every write: the first answer again, and no other change under its name."""
    key = {"Idempotency-Key": str(uuid4())}
    first = await ann.patch("/me", json={"display_name": "Ann"}, headers=key)
    await ann.patch("/me", json={"display_name": "Anna"})
    again = await ann.patch("/me", json={"display_name": "Ann"}, headers=key)
    assert (again.content, again.headers["idempotent-replay"]) == (first.content, "true")
    assert (await ann.get("/me")).json()["display_name"] == "Anna"
    other = await ann.patch("/me", json={"display_name": "Anne"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "op_reused")


async def test_a_new_password_sent_again_is_the_same_change(
    edge: Edge, ann: httpx.AsyncClient
) -> None:
    """With an operation id it is a repeat, not a wrong password; it ends no session."""
    body = {"current_password": PASSWORD, "new_password": "anvil-cloud-77"}
    key = {"Idempotency-Key": str(uuid4())}
    assert (await ann.post("/me/password", json=body, headers=key)).status_code == 204
    ended = await edge.ended()
    async with edge.client() as phone:
        proof = {"username": "ann", "password": "anvil-cloud-77"}
        assert (await phone.post("/auth/login", json=proof)).status_code == 200
        again = await ann.post("/me/password", json=body, headers=key)
        assert (again.status_code, again.headers["idempotent-replay"]) == (204, "true")
    assert await edge.ended() == ended
    assert (await ann.post("/me/password", json=body)).status_code == 403
    other = {**body, "new_password": "anvil-cloud-78"}
    assert (await ann.post("/me/password", json=other, headers=key)).status_code == 403


async def test_my_devices_are_listed(edge: Edge, ann: httpx.AsyncClient) -> None:
    """Each with what it called itself; the one that asks is marked."""
    async with edge.device(agent="phone \x1b[31m"):
        sessions = (await ann.get("/me/sessions")).json()["sessions"]
        assert len(sessions) == 2
        assert [one["current"] for one in sessions].count(True) == 1
        assert sessions[0]["device"].startswith("phone")
        assert all(one["device"].isprintable() for one in sessions)


async def test_ending_a_device_logs_it_out(edge: Edge, ann: httpx.AsyncClient) -> None:
    """Its tokens stop working at once; mine go on."""
    async with edge.device() as phone:
        sessions = (await ann.get("/me/sessions")).json()["sessions"]
        (other,) = [one["id"] for one in sessions if not one["current"]]
        assert (await ann.delete(f"/me/sessions/{other}")).status_code == 204
        assert (await phone.get("/me")).status_code == 401
        assert await edge.ended() == [other]
        assert (await ann.delete(f"/me/sessions/{other}")).status_code == 404
        assert (await ann.get("/me")).status_code == 200


async def test_ending_a_device_may_be_asked_for_again(edge: Edge, ann: httpx.AsyncClient) -> None:
    """With an operation id a lost answer costs nothing; of another's session it learns nothing."""
    async with edge.device(), edge.member("ben") as ben:
        sessions = (await ann.get("/me/sessions")).json()["sessions"]
        (other,) = [one["id"] for one in sessions if not one["current"]]
        key = {"Idempotency-Key": str(uuid4())}
        first = await ann.delete(f"/me/sessions/{other}", headers=key)
        again = await ann.delete(f"/me/sessions/{other}", headers=key)
        assert (first.status_code, again.status_code) == (204, 204)
        assert "Idempotent-Replay" not in first.headers
        assert again.headers["Idempotent-Replay"] == "true"
        assert await edge.ended() == [other]
        assert (await ben.delete(f"/me/sessions/{other}", headers=key)).status_code == 404
        assert (await ann.delete(f"/me/sessions/{uuid4()}", headers=key)).status_code == 404


async def test_the_session_of_another_is_like_none(edge: Edge, ann: httpx.AsyncClient) -> None:
    """Another's id, a random one and no id at all answer with the same bytes."""
    async with edge.member("ben") as ben:
        (session,) = (await ben.get("/me/sessions")).json()["sessions"]
        answers = [
            await ann.delete(f"/me/sessions/{id_}", headers={"X-Request-ID": "same"})
            for id_ in (session["id"], uuid4(), "nonsense", "..%2f")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers[:3]}) == 1
        assert (await ben.get("/me")).status_code == 200


async def test_a_new_password_logs_every_other_device_out(
    edge: Edge, ann: httpx.AsyncClient
) -> None:
    """The device that changed it goes on; the old password is of no use any more."""
    async with edge.device() as phone:
        answer = await ann.post(
            "/me/password",
            json={"current_password": PASSWORD, "new_password": "anvil-cloud-77"},
        )
        assert answer.status_code == 204
        assert (await phone.get("/me")).status_code == 401
        assert (await ann.get("/me")).status_code == 200
        old = await phone.post("/auth/login", json={"username": "ann", "password": PASSWORD})
        assert old.status_code == 401


async def test_a_password_change_has_rules(edge: Edge, ann: httpx.AsyncClient) -> None:
    """The current one must be right, and is not guessed here either; the new one must be good."""
    weak = {"current_password": PASSWORD, "new_password": "password1234"}
    answer = await ann.post("/me/password", json=weak)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "new_password")
    wrong = {"current_password": "wrong-bench-42", "new_password": "anvil-cloud-77"}
    for _ in range(5):
        answer = await ann.post("/me/password", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert (await ann.post("/me/password", json=wrong)).status_code == 429
    assert await edge.ended() == []


async def test_a_disabled_account_is_out_at_once(edge: Edge, ann: httpx.AsyncClient) -> None:
    """With a token that is good by itself, as soon as the replica hears of it."""
    edge.services.replica.announce(await edge.accounts.set_disabled("ann", disabled=True))
    answer = await ann.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
