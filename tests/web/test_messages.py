"""Tests of what people write to each other: nothing is lost, nothing is there twice."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Locator, Route, expect

from tests.web.visitor import Visitor, together

LETTERS = "**/api/v1/messages"
SAID = "**/api/v1/lists/*/messages"


class _Posts:
    """Hold each POST to an address until told, then let it through or lose its answer."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.seen = 0
        self.refuse = False
        self.lose_answers = 0

    async def __call__(self, route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        self.seen += 1
        await self.go.wait()
        if self.refuse:
            await route.abort()
        elif self.lose_answers:
            self.lose_answers -= 1
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()


def _field(panel: Locator, name: str) -> Locator:
    return panel.locator("#write-text" if name == "Messages" else "#say-text")


async def test_what_is_written_while_a_message_is_on_its_way_stays(
    browser: Browser, origin: str
) -> None:
    """Enter pressed twice sends once, and the next sentence is left alone."""
    ann, bo = await together(browser, origin, "House")
    for name, place, found in (("Messages", LETTERS, "#letters"), ("Talk", SAID, "#talk")):
        posts = _Posts()
        await ann.page.route(place, posts)
        panel = await ann.open_panel(name)
        if name == "Messages":
            await panel.get_by_label("To").fill(bo.username)
        field = _field(panel, name)
        await field.fill("hello")
        await field.press("Enter")
        await field.press("Enter")
        await field.fill("the next sentence")
        posts.go.set()
        await expect(panel.locator(f"{found} .text")).to_have_text(["hello"])
        await expect(field).to_have_value("the next sentence")
        assert posts.seen == 1
        await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_a_message_that_failed_is_there_when_its_panel_opens_again(
    browser: Browser, origin: str
) -> None:
    """Whoever closed the panel in the meantime is told, and finds the words in the field."""
    ann, bo = await together(browser, origin, "House")
    for name, place in (("Messages", LETTERS), ("Talk", SAID)):
        posts = _Posts()
        posts.refuse = True
        await ann.page.route(place, posts)
        panel = await ann.open_panel(name)
        if name == "Messages":
            await panel.get_by_label("To").fill(bo.username)
        await _field(panel, name).fill("precious words")
        await _field(panel, name).press("Enter")
        await ann.page.keyboard.press("Escape")
        await expect(panel).to_be_hidden()
        posts.go.set()
        await expect(ann.toast.filter(has_text="Not sent").last).to_contain_text("precious words")
        await ann.open_panel(name)
        await expect(_field(panel, name)).to_have_value("precious words")
        await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_a_draft_outlives_its_panel(browser: Browser, origin: str) -> None:
    """Each list keeps its own, and messages keep theirs."""
    ann = await Visitor.with_list(browser, origin, "House")
    panel = await ann.open_panel("Talk")
    await _field(panel, "Talk").fill("half a sen")
    await ann.page.keyboard.press("Escape")
    await ann.open_panel("Messages")
    await panel.get_by_label("To").fill("bo")
    await _field(panel, "Messages").fill("half a let")
    await ann.page.keyboard.press("Escape")
    await ann.make_list("Garden")
    await ann.open_panel("Talk")
    await expect(_field(panel, "Talk")).to_have_value("")
    await ann.open_list("House")
    await ann.open_panel("Talk")
    await expect(_field(panel, "Talk")).to_have_value("half a sen")
    await ann.open_panel("Messages")
    await expect(panel.get_by_label("To")).to_have_value("bo")
    await expect(_field(panel, "Messages")).to_have_value("half a let")
    await ann.is_unharmed()


async def test_what_is_sent_again_after_a_lost_answer_is_there_once(
    browser: Browser, origin: str
) -> None:
    """A letter, a word to the list, and a new list: the second Enter finds the first one's work."""
    ann, bo = await together(browser, origin, "House")
    for name, place, found in (("Messages", LETTERS, "#letters"), ("Talk", SAID, "#talk")):
        posts = _Posts()
        posts.lose_answers = 1
        posts.go.set()
        await ann.page.route(place, posts)
        panel = await ann.open_panel(name)
        if name == "Messages":
            await panel.get_by_label("To").fill(bo.username)
        await _field(panel, name).fill("once")
        await _field(panel, name).press("Enter")
        await expect(_field(panel, name)).to_have_value("once")  # given back
        async with ann.page.expect_response(lambda answer: answer.request.method == "POST"):
            await _field(panel, name).press("Enter")
        await _field(panel, name).fill("twice")
        await _field(panel, name).press("Enter")
        await expect(panel.locator(f"{found} .text")).to_have_text(["once", "twice"])
        await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_a_list_is_made_once(browser: Browser, origin: str) -> None:
    """However often Enter is pressed, and also when the first answer was lost."""
    ann = await Visitor.register(browser, origin, "ann")
    posts = _Posts()
    await ann.page.route("**/api/v1/lists", posts)
    field = ann.page.get_by_label("Name of a new list")
    names = ann.page.locator("#lists .name")
    await field.fill("One")
    await field.press("Enter")
    await field.press("Enter")
    posts.go.set()
    await ann.has_list_open("One")
    assert posts.seen == 1
    posts.lose_answers = 1
    await field.fill("Two")
    await field.press("Enter")
    await expect(ann.toast).to_contain_text("cannot be reached")
    await field.press("Enter")
    await ann.has_list_open("Two")
    await ann.make_list("Three")
    await expect(names).to_have_text(["Inbox", "One", "Two", "Three"])
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_the_name_of_a_list_is_never_cut(browser: Browser, origin: str) -> None:
    """What is too long stays where it is written, with a word; 200 characters of any kind fit."""
    ann = await Visitor.register(browser, origin, "ann")
    field = ann.page.get_by_label("Name of a new list")
    await field.focus()
    await ann.page.keyboard.insert_text("🙂" * 201)
    await field.press("Enter")
    await expect(ann.toast).to_contain_text("room for 200 characters; this one has 201")
    await expect(field).to_have_value("🙂" * 201)
    await field.press("Backspace")
    await field.press("Enter")
    await ann.has_list_open("🙂" * 200)
    await ann.is_unharmed()
