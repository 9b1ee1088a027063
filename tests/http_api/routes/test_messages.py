"""Hold personal messages, what is said in a list, and broadcasts."""

from __future__ import annotations

from http_api.answers import BroadcastPage, Inbox, ListMessages, MessageWritten, ReadWritten
from tests.http_api.service import Service, Someone


async def test_a_message_is_in_both_inboxes(ann: Someone, bob: Someone) -> None:
    """And nowhere before they share a list."""
    refused = await ann.post("/messages", {"to": bob.username, "text": "hi"})
    assert (refused.status_code, refused.json()["code"]) == (404, "user_not_found")
    await ann.share(await ann.new_list(), bob)
    answer = await ann.post("/messages", {"to": bob.username, "text": "  hi "})
    assert answer.status_code == 201
    sent = MessageWritten.model_validate(answer.json())
    for person in (ann, bob):
        page = Inbox.model_validate(await person.done("GET", "/messages"))
        assert [(one.id, one.text, one.sender.username) for one in page.messages] == [
            (sent.message.id, "hi", ann.username)
        ]
        assert page.complete
    mine = Inbox.model_validate(await ann.done("GET", "/messages"))
    assert mine.messages[0].offset == sent.offset


async def test_nobody_and_a_stranger_are_told_apart_by_no_one(ann: Someone, eve: Someone) -> None:
    """Whether a name exists is not for those who share nothing with it."""
    same = {"X-Request-ID": "same"}
    real = await ann.post("/messages", {"to": eve.username, "text": "x"}, headers=same)
    made_up = await ann.post("/messages", {"to": "nobody-at-all", "text": "x"}, headers=same)
    assert real.status_code == made_up.status_code == 404
    assert real.content == made_up.content


async def test_messages_come_in_pages(ann: Someone, bob: Someone) -> None:
    """The newest without a position, else the first ones after it."""
    await ann.share(await ann.new_list(), bob)
    for number in range(5):
        await ann.done("POST", "/messages", {"to": bob.username, "text": str(number)})
    newest = Inbox.model_validate(await bob.done("GET", "/messages?limit=2"))
    assert [one.text for one in newest.messages] == ["3", "4"]
    texts: list[str] = []
    since, complete = 0, False
    while not complete:
        page = Inbox.model_validate(await bob.done("GET", f"/messages?since={since}&limit=2"))
        texts.extend(one.text for one in page.messages)
        since, complete = page.offset, page.complete
    assert texts == ["0", "1", "2", "3", "4"]


async def test_a_position_that_never_was_is_gone(ann: Someone) -> None:
    """Ahead of the log or of another epoch: as with a list's changes, 410 tells where it stands."""
    list_id = await ann.new_list()
    for path in ("/messages", "/broadcasts", f"/lists/{list_id}/messages"):
        here = await ann.done("GET", path)
        asked = f"{path}?since={here['offset']}"
        assert (await ann.done("GET", f"{asked}&epoch={here['epoch']}"))["complete"]
        for wrong in (f"{path}?since={here['offset'] + 1}", f"{asked}&epoch=other"):
            answer = await ann.get(wrong)
            assert (answer.status_code, answer.json()["code"]) == (410, "history_pruned"), wrong
            assert answer.json()["offset"] == here["offset"]


async def test_the_read_mark_is_shared_and_only_moves_forward(ann: Someone, bob: Someone) -> None:
    """All devices of a person know what was read."""
    await ann.share(await ann.new_list(), bob)
    await ann.done("POST", "/messages", {"to": bob.username, "text": "hi"})
    last = Inbox.model_validate(await bob.done("GET", "/messages")).messages[-1].offset
    moved = ReadWritten.model_validate(await bob.done("POST", "/messages/read", {"up_to": last}))
    assert moved.read_up_to == last
    back = ReadWritten.model_validate(await bob.done("POST", "/messages/read", {"up_to": 1}))
    assert back.read_up_to == last
    assert (await bob.done("GET", "/messages"))["read_up_to"] == last
    assert (await bob.post("/messages/read", {"up_to": 10**6})).status_code == 422


async def test_what_is_said_in_a_list_is_in_its_log(ann: Someone, bob: Someone) -> None:
    """Members read it, in order, between all other changes."""
    list_id = await ann.new_list()
    await ann.share(list_id, bob)
    for number in range(3):
        await bob.done("POST", f"/lists/{list_id}/messages", {"text": f"word {number}"})
        await ann.new_todo(list_id)
    page = ListMessages.model_validate(await ann.done("GET", f"/lists/{list_id}/messages"))
    assert [(one.text, one.offset) for one in page.messages] == [
        ("word 0", 4),
        ("word 1", 6),
        ("word 2", 8),
    ]
    assert page.offset == await ann.head(list_id)
    rest = ListMessages.model_validate(
        await ann.done("GET", f"/lists/{list_id}/messages?since=4&limit=1")
    )
    assert ([one.text for one in rest.messages], rest.offset, rest.complete) == (
        ["word 1"],
        6,
        False,
    )


async def test_administrators_broadcast_and_everyone_reads(
    service: Service, ann: Someone, bob: Someone
) -> None:
    """Nobody else sends."""
    refused = await ann.post("/broadcasts", {"text": "hello"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await service.services.identity.accounts.set_admin(ann.username, is_admin=True)
    answer = await ann.post("/broadcasts", {"text": "maintenance at noon"})
    assert answer.status_code == 201
    sent = MessageWritten.model_validate(answer.json())
    page = BroadcastPage.model_validate(await bob.done("GET", "/broadcasts"))
    assert page.broadcasts[-1].id == sent.message.id
    assert page.offset == sent.offset
