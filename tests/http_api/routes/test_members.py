"""Hold who may see and do what in a list, and how they come in."""

from __future__ import annotations

import pytest

from http_api.answers import InviteAccepted, InviteMade, InvitesOpen, MemberWritten, Written
from tests.http_api.service import Service, Someone, fresh


async def test_an_owner_lets_someone_in_and_out(ann: Someone, bob: Someone) -> None:
    """Each with the list's position."""
    list_id = await ann.new_list()
    path = f"/lists/{list_id}/members/{bob.username}"
    made = MemberWritten.model_validate(await ann.done("PUT", path, {"role": "viewer"}))
    assert (made.member.username, made.member.role, made.offset) == (bob.username, "viewer", 3)
    raised = MemberWritten.model_validate(await ann.done("PUT", path, {"role": "editor"}))
    assert (raised.member.role, raised.offset) == ("editor", 4)
    assert (await bob.get(f"/lists/{list_id}")).status_code == 200
    gone = Written.model_validate(await ann.done("DELETE", path))
    assert gone.offset == 5
    assert (await bob.get(f"/lists/{list_id}")).status_code == 404


async def test_anyone_may_leave_but_the_last_owner(ann: Someone, bob: Someone) -> None:
    """A list keeps someone who is responsible."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob, "viewer")
    await bob.done("DELETE", f"/lists/{list_id}/members/{bob.username}")
    answer = await ann.send("DELETE", f"/lists/{list_id}/members/{ann.username}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


async def test_each_role_may_do_what_it_may(ann: Someone, bob: Someone) -> None:
    """Viewers read, editors write, owners manage; the rest is 403 and writes nothing."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    writes = [
        ("POST", f"/lists/{list_id}/todos", {"title": "x"}),
        ("PATCH", f"/todos/{todo['id']}", {"title": "x"}),
        ("POST", f"/todos/{todo['id']}/move", {"after": None}),
        ("PUT", f"/todos/{todo['id']}/labels/x", None),
        ("DELETE", f"/todos/{todo['id']}", None),
        ("PATCH", f"/lists/{list_id}", {"title": "x"}),
        ("POST", f"/lists/{list_id}/messages", {"text": "x"}),
    ]
    managing = [
        ("PUT", f"/lists/{list_id}/members/{bob.username}", {"role": "owner"}),
        ("DELETE", f"/lists/{list_id}/members/{ann.username}", None),
        ("POST", f"/lists/{list_id}/invites", {"role": "viewer"}),
        ("GET", f"/lists/{list_id}/invites", None),
        ("DELETE", f"/lists/{list_id}/invites/{fresh()}", None),
        ("DELETE", f"/lists/{list_id}", None),
    ]
    for role, refused in (("viewer", writes + managing), ("editor", managing)):
        await ann.share(list_id, bob, role)
        head = await ann.head(list_id)
        for method, path, body in refused:
            answer = await bob.send(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (role, path)
        assert await ann.head(list_id) == head
    for method, path, body in writes:
        assert (await bob.send(method, path, body)).is_success, path


async def test_a_stranger_cannot_tell_a_list_from_none(ann: Someone, eve: Someone) -> None:
    """Everything of a list answers exactly as for a random id."""
    list_id = await ann.new_list()
    todo_id = (await ann.new_todo(list_id))["id"]
    requests = [
        ("GET", "/lists/{list}", None),
        ("GET", "/lists/{list}/trash", None),
        ("GET", "/lists/{list}/changes?since=0", None),
        ("GET", "/lists/{list}/changes?since=99&epoch=x", None),
        ("PATCH", "/lists/{list}", {"title": "x"}),
        ("DELETE", "/lists/{list}", None),
        ("PUT", f"/lists/{{list}}/members/{eve.username}", {"role": "owner"}),
        ("DELETE", f"/lists/{{list}}/members/{eve.username}", None),
        ("DELETE", f"/lists/{{list}}/members/{ann.username}", None),
        ("POST", "/lists/{list}/invites", {"role": "viewer"}),
        ("GET", "/lists/{list}/invites", None),
        ("DELETE", f"/lists/{{list}}/invites/{fresh()}", None),
        ("GET", "/lists/{list}/messages", None),
        ("POST", "/lists/{list}/messages", {"text": "x"}),
        ("POST", "/lists/{list}/todos", {"title": "x"}),
        ("GET", "/todos/{todo}", None),
        ("PATCH", "/todos/{todo}", {"title": "x"}),
        ("DELETE", "/todos/{todo}", None),
        ("POST", "/todos/{todo}/move", {"after": None}),
        ("POST", "/todos/{todo}/restore", None),
        ("PUT", "/todos/{todo}/labels/x", None),
        ("DELETE", f"/todos/{{todo}}/assignees/{ann.username}", None),
        ("PUT", f"/todos/{{todo}}/blocked_by/{fresh()}", None),
    ]
    head = await ann.head(list_id)
    for method, path, body in requests:
        answers = []
        for ids in ((list_id, todo_id), (fresh(), fresh()), ("no-id", "no-id")):
            where = path.replace("{list}", ids[0]).replace("{todo}", ids[1])
            answer = await eve.send(method, where, body, headers={"X-Request-ID": "same"})
            names = {"content-type", "cache-control", "content-length"}
            shown = {name: answer.headers[name] for name in names}
            answers.append((answer.status_code, answer.content, shown))
        assert answers[0][0] == 404, path
        assert answers[0] == answers[1] == answers[2], path
    assert await ann.head(list_id) == head


async def test_a_name_that_nobody_has_is_said(ann: Someone) -> None:
    """An owner who mistypes wants to know."""
    list_id = await ann.new_list()
    answer = await ann.send("PUT", f"/lists/{list_id}/members/nobody-here", {"role": "viewer"})
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


@pytest.mark.parametrize("body", [{}, {"role": "admin"}, {"role": "owner", "username": "x"}])
async def test_a_role_is_one_of_three(ann: Someone, bob: Someone, body: dict[str, str]) -> None:
    """And the path alone says whose."""
    list_id = await ann.new_list()
    answer = await ann.send("PUT", f"/lists/{list_id}/members/{bob.username}", body)
    assert answer.status_code == 422
    assert await ann.head(list_id) == 2


class TestInvitations:
    """Sharing by link."""

    async def test_a_link_lets_people_in_until_it_is_used_up(
        self, ann: Someone, bob: Someone, eve: Someone
    ) -> None:
        """One use: the second one gets what a made-up token gets."""
        list_id = await ann.new_list()
        path = f"/lists/{list_id}/invites"
        key = {"Idempotency-Key": fresh()}
        answer = await ann.post(path, {"role": "editor", "uses": 1}, headers=key)
        assert answer.status_code == 201
        again = await ann.post(path, {"role": "editor", "uses": 1}, headers=key)
        assert (again.status_code, again.content) == (201, answer.content)
        assert again.headers["idempotent-replay"] == "true"
        other = await ann.post(path, {"role": "viewer"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "op_reused")
        made = InviteMade.model_validate(answer.json())
        assert made.url == f"http://127.0.0.1:8000/#/invites/{made.token}"
        shown = InvitesOpen.model_validate(await ann.done("GET", path))
        assert [one.id for one in shown.invites] == [made.id]
        accept = f"/invites/{made.token}/accept"
        joined = InviteAccepted.model_validate(await bob.done("POST", accept))
        assert (str(joined.list.id), joined.role, joined.offset) == (list_id, "editor", 3)
        assert (await bob.get(f"/lists/{list_id}")).status_code == 200
        late = await eve.send("POST", accept, headers={"X-Request-ID": "same"})
        made_up = await eve.send("POST", "/invites/x/accept", headers={"X-Request-ID": "same"})
        assert late.status_code == 404
        assert late.content == made_up.content

    async def test_a_withdrawn_link_opens_nothing(self, ann: Someone, bob: Someone) -> None:
        """From the moment on."""
        list_id = await ann.new_list()
        made = await ann.done("POST", f"/lists/{list_id}/invites", {"role": "viewer"})
        answer = await ann.send("DELETE", f"/lists/{list_id}/invites/{made['id']}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await ann.done("GET", f"/lists/{list_id}/invites"))["invites"] == []
        assert (await bob.send("POST", f"/invites/{made['token']}/accept")).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"role": "owner"},
            {"role": "viewer", "uses": 0},
            {"role": "viewer", "x": 1},
            {"role": "viewer", "expires_in": 0},
            {"role": "viewer", "list_id": "x"},
        ],
    )
    async def test_a_bad_invitation_is_refused(self, ann: Someone, body: dict[str, object]) -> None:
        """Nobody becomes owner by a link."""
        list_id = await ann.new_list()
        assert (await ann.post(f"/lists/{list_id}/invites", body)).status_code == 422

    async def test_a_link_leads_to_no_host_that_the_request_made_up(self, service: Service) -> None:
        """A forged Host field must not send people elsewhere."""
        ann = await service.register("ann")
        list_id = await ann.new_list()
        made = await ann.post(
            f"/lists/{list_id}/invites", {"role": "viewer"}, headers={"Host": "evil.example.org"}
        )
        assert made.json()["url"].startswith("/#/invites/")
