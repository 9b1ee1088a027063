"""Hold how lists are made, seen whole, followed, changed and deleted."""

from __future__ import annotations

from http_api.answers import Changes, Lists, ListWritten, Snapshot, Written
from tests.http_api.service import Someone, fresh


async def test_an_account_begins_with_its_inbox(ann: Someone) -> None:
    """There is always a place for a todo."""
    mine = Lists.model_validate(await ann.done("GET", "/lists")).lists
    assert [(one.title, one.role, one.inbox) for one in mine] == [("Inbox", "owner", True)]


async def test_a_list_is_made_with_the_id_asked_for(ann: Someone) -> None:
    """A repeated create is the same create, even without an operation id."""
    body = {"id": fresh(), "title": "  Shopping ", "description": "weekly"}
    answer = await ann.post("/lists", body)
    assert answer.status_code == 201
    made = ListWritten.model_validate(answer.json())
    assert (str(made.list.id), made.list.title, made.offset) == (body["id"], "Shopping", 2)
    again = await ann.post("/lists", body)
    assert again.status_code == 200
    assert again.json()["offset"] == 2


async def test_somebody_elses_list_id_is_taken_and_nothing_more(ann: Someone, eve: Someone) -> None:
    """The answer tells that an id is taken, not whose or what."""
    list_id = await ann.new_list("secret plans")
    answer = await eve.post("/lists", {"id": list_id, "title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")
    assert "secret" not in answer.text


async def test_the_snapshot_is_whole(ann: Someone, bob: Someone) -> None:
    """List, members and live todos, all as of one offset."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob, "viewer")
    first = await ann.new_todo(list_id, "milk")
    gone = await ann.new_todo(list_id, "bread")
    await ann.done("DELETE", f"/todos/{gone['id']}")
    answer = await bob.get(f"/lists/{list_id}")
    whole = Snapshot.model_validate(answer.json())
    assert {(one.username, one.role) for one in whole.members} == {
        (ann.username, "owner"),
        (bob.username, "viewer"),
    }
    assert [str(todo.id) for todo in whole.todos] == [first["id"]]
    assert whole.offset == 6
    assert answer.headers["etag"] == f'"{whole.epoch}-6"'
    trash = Snapshot.model_validate(await bob.done("GET", f"/lists/{list_id}/trash"))
    assert [str(todo.id) for todo in trash.todos] == [gone["id"]]


async def test_an_unchanged_list_is_not_sent_again(ann: Someone) -> None:
    """304 until something changes."""
    list_id = await ann.new_list()
    etag = (await ann.get(f"/lists/{list_id}")).headers["etag"]
    same = await ann.get(f"/lists/{list_id}", if_none_match=etag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    for other in (f"W/{etag}", f'"x", {etag}', "*"):
        assert (await ann.get(f"/lists/{list_id}", if_none_match=other)).status_code == 304
    await ann.new_todo(list_id)
    changed = await ann.get(f"/lists/{list_id}", if_none_match=etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_stranger_learns_nothing_from_an_etag(ann: Someone, eve: Someone) -> None:
    """Not even that a guessed position is right."""
    list_id = await ann.new_list()
    etag = (await ann.get(f"/lists/{list_id}")).headers["etag"]
    for tag in (etag, "*", '"x-1"'):
        assert (await eve.get(f"/lists/{list_id}", if_none_match=tag)).status_code == 404


async def test_changes_lead_from_any_position_to_the_head(ann: Someone) -> None:
    """Page by page, without gap and without doubles."""
    list_id = await ann.new_list()
    for number in range(7):
        await ann.new_todo(list_id, f"todo {number}")
    offsets: list[int] = []
    epoch, since, complete = "", 0, False
    while not complete:
        path = f"/lists/{list_id}/changes?since={since}&limit=4"
        page = Changes.model_validate(await ann.done("GET", path))
        offsets.extend(change["offset"] for change in page.changes)
        epoch, since, complete = page.epoch, page.offset, page.complete
    assert offsets == list(range(1, 10))
    assert since == await ann.head(list_id)
    path = f"/lists/{list_id}/changes?since=9&epoch={epoch}"
    at_head = Changes.model_validate(await ann.done("GET", path))
    assert (at_head.changes, at_head.offset, at_head.complete) == ([], 9, True)


async def test_a_position_that_cannot_be_resumed_is_gone(ann: Someone) -> None:
    """Ahead of the log or of another epoch: the client must load the snapshot."""
    list_id = await ann.new_list()
    for query in ("since=3", "since=9007199254740991", "since=0&epoch=other", "epoch=_"):
        answer = await ann.get(f"/lists/{list_id}/changes?{query}")
        assert (answer.status_code, answer.json()["code"]) == (410, "history_pruned"), query
        assert answer.json()["offset"] == 2


async def test_a_list_is_changed_by_field(ann: Someone) -> None:
    """An absent field stays; equal values make no entry."""
    list_id = await ann.new_list("one")
    answer = await ann.send("PATCH", f"/lists/{list_id}", {"description": "two"})
    changed = ListWritten.model_validate(answer.json())
    assert (changed.list.title, changed.list.description, changed.offset) == ("one", "two", 3)
    assert answer.headers["etag"] == f'"{changed.epoch}-3"'
    same = await ann.done("PATCH", f"/lists/{list_id}", {"description": "two"})
    assert same["offset"] == 3


async def test_a_list_is_changed_only_as_it_was_seen(ann: Someone) -> None:
    """If-Match with the snapshot's ETag."""
    list_id = await ann.new_list("one")
    etag = (await ann.get(f"/lists/{list_id}")).headers["etag"]
    await ann.new_todo(list_id)
    stale = await ann.send("PATCH", f"/lists/{list_id}", {"title": "x"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["list"]["title"]) == (412, "one")
    assert await ann.head(list_id) == 3


async def test_a_deleted_list_is_gone_for_everyone(ann: Someone, bob: Someone) -> None:
    """Like a list that never was."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    answer = await ann.send("DELETE", f"/lists/{list_id}")
    assert Written.model_validate(answer.json()).offset == 4
    for person in (ann, bob):
        assert (await person.get(f"/lists/{list_id}")).status_code == 404
        assert len((await person.done("GET", "/lists"))["lists"]) == 1


async def test_the_inbox_cannot_be_deleted(ann: Someone) -> None:
    """Every account keeps one."""
    inbox = (await ann.done("GET", "/lists"))["lists"][0]["id"]
    answer = await ann.send("DELETE", f"/lists/{inbox}")
    assert (answer.status_code, answer.json()["code"]) == (409, "inbox")
