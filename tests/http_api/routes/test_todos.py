"""Hold how todos are made, seen, changed, moved, deleted, restored and found."""

from __future__ import annotations

import pytest

from http_api.answers import TodoPage, TodoRead, TodoWritten
from tests.http_api.service import Someone, fresh


async def test_a_todo_is_made_and_read(ann: Someone) -> None:
    """What was sent, completed by what the service decides."""
    list_id = await ann.new_list()
    body = {
        "id": fresh(),
        "title": "milk",
        "notes": "two",
        "priority": "high",
        "due_at": "2030-01-02T03:04:05+01:00",
        "estimate_min": 5,
        "labels": ["cold"],
        "assignees": [ann.username],
    }
    answer = await ann.post(f"/lists/{list_id}/todos", body)
    assert answer.status_code == 201
    made = answer.json()
    assert TodoWritten.model_validate(made).todo.offset == made["offset"] == 3
    expected = {**body, "list_id": list_id, "due_at": "2030-01-02T02:04:05.000Z"}
    assert {name: made["todo"][name] for name in expected} == expected
    read = await ann.get(f"/todos/{body['id']}")
    assert TodoRead.model_validate(read.json()).todo.title == "milk"
    assert read.json()["todo"] == made["todo"]
    assert read.headers["etag"] == f'"{made["epoch"]}-3"'


async def test_a_todo_without_a_list_goes_to_the_inbox(ann: Someone) -> None:
    """Write it down now, sort it later."""
    inbox = (await ann.done("GET", "/lists"))["lists"][0]["id"]
    for title in ("one", "two"):
        made = await ann.done("POST", "/todos", {"title": title})
        assert made["todo"]["list_id"] == inbox
    answer = await ann.post("/todos", {"title": "x", "list_id": inbox})
    assert answer.status_code == 422


async def test_a_todo_is_named_by_its_own_last_change(ann: Someone) -> None:
    """Other todos' changes do not touch its ETag."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    etag = (await ann.get(f"/todos/{todo['id']}")).headers["etag"]
    await ann.new_todo(list_id, "other")
    same = await ann.get(f"/todos/{todo['id']}", if_none_match=etag)
    assert same.status_code == 304


async def test_every_write_of_a_todo_answers_with_it(ann: Someone) -> None:
    """The todo as it then is, the list's position, and the todo's ETag."""
    list_id = await ann.new_list()
    first, second = await ann.new_todo(list_id, "a"), await ann.new_todo(list_id, "b")
    path = f"/todos/{second['id']}"
    writes = [
        ("PATCH", path, {"completed": True}),
        ("POST", f"{path}/move", {"after": None}),
        ("PUT", f"{path}/labels/cold%2Fdairy", None),
        ("DELETE", f"{path}/labels/cold%2Fdairy", None),
        ("PUT", f"{path}/assignees/{ann.username}", None),
        ("DELETE", f"{path}/assignees/{ann.username}", None),
        ("PUT", f"{path}/blocked_by/{first['id']}", None),
        ("DELETE", f"{path}/blocked_by/{first['id']}", None),
        ("DELETE", path, None),
        ("POST", f"{path}/restore", None),
    ]
    for number, (method, where, body) in enumerate(writes, 5):
        answer = await ann.send(method, where, body)
        assert answer.status_code == 200, answer.text
        written = TodoWritten.model_validate(answer.json())
        assert (written.offset, written.todo.offset) == (number, number), where
        assert answer.headers["etag"] == f'"{written.epoch}-{number}"'
    titles = [todo["title"] for todo in (await ann.done("GET", f"/lists/{list_id}"))["todos"]]
    assert titles == ["b", "a"]


async def test_a_write_that_changes_nothing_names_the_last_change(ann: Someone) -> None:
    """The answer's offset is the head, the ETag still the todo's own."""
    list_id = await ann.new_list()
    todo = await ann.new_todo(list_id)
    await ann.new_todo(list_id, "other")
    answer = await ann.send("PATCH", f"/todos/{todo['id']}", {"title": "milk"})
    assert answer.status_code == 200
    assert answer.json()["offset"] == 4
    assert answer.headers["etag"].endswith('-3"')
    empty = await ann.send("PATCH", f"/todos/{todo['id']}", {})
    assert (empty.status_code, empty.json()["offset"]) == (200, 4)


async def test_what_was_replaced_of_others_is_named(ann: Someone, bob: Someone) -> None:
    """The write wins, the loser is never silent."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    todo = await ann.new_todo(list_id)
    await bob.done("PATCH", f"/todos/{todo['id']}", {"title": "oat milk"})
    await ann.done("PATCH", f"/todos/{todo['id']}", {"title": "soy milk", "base": todo["offset"]})
    last = (await ann.done("GET", f"/lists/{list_id}/changes?since=5"))["changes"][-1]
    assert last["replaced"] == {
        "title": {
            "value": "oat milk",
            "by": {"id": bob.id, "username": bob.username},
            "offset": 5,
        }
    }


async def test_a_place_behind_a_todo_that_is_not_there_is_invalid(ann: Someone) -> None:
    """422 names the field: 404 would say that the list, or the todo itself, is not there."""
    list_id, other = await ann.new_list(), await ann.new_list()
    todo, elsewhere = await ann.new_todo(list_id), await ann.new_todo(other)
    for after in (fresh(), elsewhere["id"]):
        moved = await ann.post(f"/todos/{todo['id']}/move", {"after": after})
        made = await ann.post(f"/lists/{list_id}/todos", {"title": "x", "after": after})
        for answer in (moved, made):
            assert answer.status_code == 422
            assert [error["path"] for error in answer.json()["errors"]] == ["after"]
    missing = await ann.post(f"/todos/{fresh()}/move", {"after": todo["id"]})
    assert missing.status_code == 404
    assert await ann.head(list_id) == 3


class TestConditions:
    """If-Match on a todo."""

    async def test_the_current_version_passes(self, ann: Someone) -> None:
        """Read, then write what was read."""
        todo = await ann.new_todo(await ann.new_list())
        etag = (await ann.get(f"/todos/{todo['id']}")).headers["etag"]
        path = f"/todos/{todo['id']}"
        first = await ann.send("PATCH", path, {"title": "a"}, headers={"If-Match": etag})
        assert first.status_code == 200
        etag = first.headers["etag"]
        second = await ann.send("DELETE", path, headers={"If-Match": etag})
        assert second.status_code == 200

    async def test_one_tag_of_several_suffices(self, ann: Someone) -> None:
        """RFC 9110 section 13.1.1; ``*`` asks only that there is a todo."""
        todo = await ann.new_todo(await ann.new_list())
        path = f"/todos/{todo['id']}"
        etag = (await ann.get(path)).headers["etag"]
        several = {"If-Match": f'"x-1", {etag}'}
        first = await ann.send("PATCH", path, {"title": "a"}, headers=several)
        assert first.status_code == 200
        again = await ann.send("PATCH", path, {"title": "b"}, headers=several)
        assert (again.status_code, again.json()["code"]) == (412, "stale")
        any_version = await ann.send("PATCH", path, {"title": "c"}, headers={"If-Match": "*"})
        assert any_version.status_code == 200
        nothing = await ann.send(
            "PATCH", f"/todos/{fresh()}", {"title": "c"}, headers={"If-Match": "*"}
        )
        assert nothing.status_code == 404

    @pytest.mark.parametrize("tag", ["stale", '"x-3"', '"nothing of ours"', "weak"])
    async def test_any_other_version_is_stale(self, ann: Someone, tag: str) -> None:
        """412 with the current todo, and nothing written."""
        list_id = await ann.new_list()
        todo = await ann.new_todo(list_id)
        path = f"/todos/{todo['id']}"
        etag = (await ann.get(path)).headers["etag"]
        tag = {"stale": etag.replace("-3", "-2"), "weak": f"W/{etag}"}.get(tag, tag)
        writes = [
            ("PATCH", path, {"title": "x"}),
            ("POST", f"{path}/move", {"after": None}),
            ("PUT", f"{path}/labels/x", None),
            ("DELETE", path, None),
        ]
        for method, where, body in writes:
            answer = await ann.send(method, where, body, headers={"If-Match": tag})
            assert (answer.status_code, answer.json()["code"]) == (412, "stale"), where
            assert answer.json()["todo"] == todo
        assert await ann.head(list_id) == 3

    async def test_a_condition_that_does_not_parse_is_malformed(self, ann: Someone) -> None:
        """It is never taken for none."""
        list_id = await ann.new_list()
        todo = await ann.new_todo(list_id)
        answer = await ann.send(
            "PATCH", f"/todos/{todo['id']}", {"title": "x"}, headers={"If-Match": "3"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert await ann.head(list_id) == 3

    async def test_a_condition_where_none_applies_is_refused(self, ann: Someone) -> None:
        """Rather than ignored."""
        list_id = await ann.new_list()
        answer = await ann.post(
            f"/lists/{list_id}/todos", {"title": "x"}, headers={"If-Match": '"x-1"'}
        )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["path"] == "If-Match"


class TestOperationIds:
    """The same change, sent again."""

    async def test_a_repeated_write_gets_the_first_answer(self, ann: Someone) -> None:
        """Byte for byte, marked, and once in the log; by header or by body."""
        list_id = await ann.new_list()
        key = fresh()
        path = f"/lists/{list_id}/todos"
        first = await ann.post(path, {"title": "milk"}, headers={"Idempotency-Key": key})
        again = await ann.post(path, {"title": "milk"}, headers={"Idempotency-Key": key})
        third = await ann.post(path, {"title": "milk", "op": key})
        assert "idempotent-replay" not in first.headers
        assert again.headers["idempotent-replay"] == third.headers["idempotent-replay"] == "true"
        assert first.content == again.content == third.content
        assert first.status_code == again.status_code == 201
        assert await ann.head(list_id) == 3

    async def test_a_replayed_change_keeps_its_etag(self, ann: Someone) -> None:
        """The first answer's, although the todo has moved on."""
        todo = await ann.new_todo(await ann.new_list())
        body = {"title": "a", "op": fresh()}
        first = await ann.send("PATCH", f"/todos/{todo['id']}", body)
        await ann.done("PATCH", f"/todos/{todo['id']}", {"title": "b"})
        again = await ann.send("PATCH", f"/todos/{todo['id']}", body)
        assert first.headers["etag"] == again.headers["etag"]
        assert first.content == again.content

    async def test_another_body_under_the_same_id_is_refused(self, ann: Someone) -> None:
        """Nothing is written."""
        list_id = await ann.new_list()
        key = {"Idempotency-Key": fresh()}
        await ann.post(f"/lists/{list_id}/todos", {"title": "milk"}, headers=key)
        for method, path, body in (
            ("POST", f"/lists/{list_id}/todos", {"title": "bread"}),
            ("PATCH", f"/lists/{list_id}", {"title": "milk"}),
            ("POST", "/lists", {"title": "milk"}),
        ):
            answer = await ann.send(method, path, body, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (409, "op_reused"), path
        assert await ann.head(list_id) == 3

    async def test_an_id_is_the_callers_own(self, ann: Someone, bob: Someone, eve: Someone) -> None:
        """A captured write is nothing to others: theirs is another change, or no list of theirs."""
        list_id = await ann.new_list()
        await ann.share(list_id, bob)
        body = {"title": "milk", "op": fresh()}
        await ann.done("POST", f"/lists/{list_id}/todos", body)
        theirs = await bob.post(f"/lists/{list_id}/todos", body)
        assert theirs.status_code == 201
        assert "idempotent-replay" not in theirs.headers
        assert (await eve.post(f"/lists/{list_id}/todos", body)).status_code == 404

    @pytest.mark.parametrize("key", ["1", "", "x" * 36])
    async def test_an_id_that_is_no_uuid_is_refused(self, ann: Someone, key: str) -> None:
        """In the header and in the body."""
        list_id = await ann.new_list()
        path = f"/lists/{list_id}/todos"
        header = await ann.post(path, {"title": "x"}, headers={"Idempotency-Key": key})
        field = await ann.post(path, {"title": "x", "op": key})
        assert header.status_code == field.status_code == 422
        assert await ann.head(list_id) == 2


class TestSearch:
    """GET /todos."""

    async def test_todos_are_found_in_all_my_lists_and_no_others(
        self, ann: Someone, eve: Someone
    ) -> None:
        """Every filter narrows."""
        one, other = await ann.new_list("one"), await ann.new_list("other")
        milk = await ann.new_todo(one, "Milk 100%", labels=["cold"], assignees=[ann.username])
        bread = await ann.new_todo(other, "bread", due_at="2030-01-01T00:00:00Z")
        await ann.done("PATCH", f"/todos/{bread['id']}", {"completed": True})
        found = {
            "": ["Milk 100%", "bread"],
            f"list={one}": ["Milk 100%"],
            "completed=true": ["bread"],
            "completed=false": ["Milk 100%"],
            "label=cold": ["Milk 100%"],
            f"assignee={ann.username}": ["Milk 100%"],
            "due_before=2030-01-02T00:00:00Z": ["bread"],
            "q=MILK": ["Milk 100%"],
            "q=100%25": ["Milk 100%"],
            "q=%25": ["Milk 100%"],
            "q=_": [],
            "q=' OR 1=1 --": [],
            f"list={one}&q=none": [],
        }
        for query, titles in found.items():
            page = TodoPage.model_validate(await ann.done("GET", f"/todos?{query}"))
            assert [todo.title for todo in page.todos] == titles, query
        assert (await eve.done("GET", "/todos"))["todos"] == []
        assert milk["id"]
        for asked in (one, fresh()):
            assert (await eve.get(f"/todos?list={asked}")).status_code == 404

    async def test_pages_hold_each_todo_once(self, ann: Someone) -> None:
        """The cursor leads from page to page."""
        list_id = await ann.new_list()
        for number in range(5):
            await ann.new_todo(list_id, str(number))
        titles: list[str] = []
        query = f"list={list_id}&limit=2"
        cursor = ""
        while True:
            page = TodoPage.model_validate(await ann.done("GET", f"/todos?{query}{cursor}"))
            titles.extend(todo.title for todo in page.todos)
            if page.cursor is None:
                break
            cursor = f"&cursor={page.cursor}"
        assert sorted(titles) == ["0", "1", "2", "3", "4"]

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=-1",
            "limit=1000000000",
            "cursor=x",
            "cursor=1.x",
            "completed=yes",
            "due_before=tomorrow",
            "list=1",
            "q=",
            "q=%00",
            "sort=title",
            "cursor=99999999999999999999.00000000-0000-4000-8000-000000000000",
            "cursor=-1.00000000-0000-4000-8000-000000000000",
        ],
    )
    async def test_a_bad_query_is_refused(self, ann: Someone, query: str) -> None:
        """422 with the name."""
        answer = await ann.get(f"/todos?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["path"] == query.partition("=")[0]
