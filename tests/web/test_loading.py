"""Tests of panels and lists whose content comes late, or not at the first attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, Route, expect

from tests.servers.person import Person
from tests.servers.replica import Replica
from tests.web.visitor import Visitor, together

SNAPSHOTS = "**/api/v1/lists/*-*-*-*-*"
SAID = "**/api/v1/lists/*/messages*"


def _hold(until: asyncio.Event) -> Callable[[Route], Awaitable[None]]:
    async def hold(route: Route) -> None:
        if route.request.method == "GET":
            await until.wait()
        await route.continue_()

    return hold


def _refuse(times: int) -> Callable[[Route], Awaitable[None]]:
    """Answer the first requests to read with 503."""
    left = times

    async def refuse(route: Route) -> None:
        nonlocal left
        if route.request.method == "GET" and left:
            left -= 1
            await route.fulfill(status=503, json={"detail": "Busy for a moment.", "code": "busy"})
        else:
            await route.continue_()

    return refuse


async def _say(visitor: Visitor, text: str) -> None:
    await visitor.open_panel("Talk")
    await visitor.page.locator("#say-text").fill(text)
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("#talk .text").last).to_have_text(text)
    await visitor.page.keyboard.press("Escape")


async def _delete(visitor: Visitor, title: str) -> None:
    await visitor.todo(title).hover()
    await visitor.todo(title).get_by_role("button", name="Delete").click()
    await visitor.has_saved_all()


async def test_the_talk_of_one_list_is_never_shown_in_another(
    browser: Browser, origin: str
) -> None:
    """Even when its answer comes after the other list was opened."""
    ann = await Visitor.with_list(browser, origin, "One")
    await _say(ann, "about one")
    one = ann.page.url.split("/lists/")[-1]
    await ann.make_list("Two")
    await _say(ann, "about two")
    await ann.open_list("One")
    late = asyncio.Event()
    await ann.page.route(f"**/lists/{one}/messages*", _hold(late))
    await ann.open_panel("Talk")
    await ann.open_list("Two")
    await ann.open_panel("Talk")
    await expect(ann.page.locator("#talk .text")).to_have_text(["about two"])
    async with ann.page.expect_response(f"**/lists/{one}/messages*"):
        late.set()
    await ann.page.evaluate("fetch('/health/live').then((answer) => answer.text())")
    await expect(ann.page.locator("#talk .text")).to_have_text(["about two"])
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_panels_opened_before_their_list_is_there_fill_in(
    browser: Browser, origin: str
) -> None:
    """Talk lets those write who may, and Trash shows what is in it."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("milk")
    await _delete(ann, "milk")
    for name, found in (("Talk", "#say-text"), ("Trash", "#trash .name")):
        late = asyncio.Event()
        await ann.page.route(SNAPSHOTS, _hold(late))
        await ann.page.reload()
        await ann.is_live()
        await ann.open_panel(name)
        await expect(ann.page.locator(found)).to_be_hidden()
        await expect(ann.page.locator("#panel")).not_to_contain_text("The trash is empty")
        late.set()
        await expect(ann.page.locator(found)).to_be_visible()
        await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_talk_is_opened_to_a_viewer_who_becomes_an_editor(
    browser: Browser, origin: str
) -> None:
    """At once, and closed again to one who must not write any more."""
    ann, bo = await together(browser, origin, "House")
    may = (await ann.open_panel("Share")).get_by_label(f"What {bo.username} may do")
    say = (await bo.open_panel("Talk")).locator("#say-text")
    await expect(say).to_be_visible()
    await may.select_option("viewer")
    await expect(say).to_be_hidden()
    await may.select_option("editor")
    await expect(say).to_be_visible()


async def test_panels_that_could_not_be_loaded_say_so_and_try_again(
    browser: Browser, origin: str, service: tuple[Replica, Replica]
) -> None:
    """Nothing is called empty that was only not answered, and it is there a little later."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("milk")
    await _delete(ann, "milk")
    await _say(ann, "hello")
    friend = await Person.register(service[0], "friend")
    await friend.share(await friend.make_list("Shared"), Person(service[0], ann.username))
    await friend.call("POST", "/messages", {"to": ann.username, "text": "dear"})
    panels = (
        ("Talk", SAID, ".text"),
        ("Trash", "**/api/v1/lists/*/trash*", ".trash .name"),
        ("Messages", "**/api/v1/messages*", ".text"),
    )
    for name, place, found in panels:
        await ann.page.route(place, _refuse(2))
        await ann.page.reload()
        await ann.has_list_open("House")
        await ann.is_live()
        panel = await ann.open_panel(name)
        await expect(panel.locator(found)).to_have_count(1)
        await expect(panel.locator("ol .hint, ul .hint")).to_have_count(0)
        await ann.page.unroute_all(behavior="wait")
        await ann.page.route(place, _refuse(1_000_000))
        await ann.page.reload()
        await ann.has_list_open("House")
        await ann.is_live()
        await ann.open_panel(name)
        await expect(panel).to_contain_text("This could not be loaded yet.")
        await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_lists_that_could_not_be_loaded_come_by_themselves(
    browser: Browser, origin: str
) -> None:
    """A page that was refused them at the start is not empty for good."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.page.route("**/api/v1/lists", _refuse(3))
    await ann.page.reload()
    await expect(ann.toast).to_contain_text("Your lists could not be loaded yet.")
    await ann.has_list_open("House")
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()
