"""Tests of the page while the service cannot be reached, or is slow to answer."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, Route, expect

from tests.web.visitor import Visitor

SNAPSHOTS = "**/api/v1/lists/*-*-*-*-*"


async def test_a_list_that_was_open_before_opens_offline(browser: Browser, origin: str) -> None:
    """With what it showed last, to be changed; what is written there arrives later."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    await ann.make_list("House")
    await ann.context.set_offline(True)
    await expect(ann.page.locator("#state")).to_have_attribute("data-state", "offline")
    await ann.open_list("Groceries")
    await ann.sees_open("milk")
    await ann.add("bread")
    await ann.open_list("House")
    await ann.open_list("Groceries")
    await ann.sees_open("milk", "bread")
    await ann.context.set_offline(False)
    await ann.is_live()
    tab = await ann.another_tab()
    await tab.open_list("Groceries")
    await tab.sees_open("milk", "bread")
    await ann.is_unharmed()


async def test_a_list_that_cannot_be_opened_yet_says_so(browser: Browser, origin: str) -> None:
    """In place of an empty page; it opens by itself when the network is back."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    tab = await ann.another_tab()
    await tab.is_live()
    await tab.open_list("Inbox")
    await tab.context.set_offline(True)
    await tab.page.locator("#lists").get_by_role("link", name="Groceries").click()
    await expect(tab.page.locator("#empty")).to_contain_text("opens by itself")
    await expect(tab.page.locator("#empty")).to_be_visible()
    await tab.context.set_offline(False)
    await tab.has_list_open("Groceries")
    await tab.sees_open("milk")
    await expect(tab.page.locator("#empty")).to_be_hidden()


async def test_a_known_list_does_not_wait_for_its_snapshot(browser: Browser, origin: str) -> None:
    """It is shown at once; the answer, when it comes, brings what has changed."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    await ann.sees_open("milk")
    await ann.open_list("Inbox")
    tab = await ann.another_tab()
    await tab.open_list("Groceries")
    await tab.add("bread")
    answered = asyncio.Event()

    async def hold(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await ann.page.route(SNAPSHOTS, hold)
    await ann.open_list("Groceries")
    await ann.sees_open("milk")
    answered.set()
    await ann.sees_open("milk", "bread")
    await ann.page.unroute_all(behavior="wait")


async def test_a_change_refused_after_its_list_was_closed_is_told(
    browser: Browser, origin: str
) -> None:
    """By a notice, and the list when it is opened again does not show it."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    await ann.sees_open("milk")
    closed = asyncio.Event()

    async def refuse(route: Route) -> None:
        await closed.wait()
        sent: Any = route.request.post_data_json
        command = sent["commands"][0]
        body = {"detail": "Only an editor may do this.", "code": "forbidden"}
        result = {"op": command["op"], "status": 403, "body": body}
        await route.fulfill(json={"results": [result]})

    await ann.page.route("**/api/v1/commands", refuse)
    await ann.add("bread")
    await ann.open_list("Inbox")
    await ann.context.set_offline(True)
    closed.set()
    await expect(ann.toast).to_contain_text("Only an editor may do this.")
    await ann.open_list("Groceries")
    await ann.sees_open("milk")
    await ann.page.unroute_all(behavior="wait")


async def test_a_page_loaded_while_nobody_answers_goes_on_by_itself(
    browser: Browser, origin: str
) -> None:
    """Whoever is logged in sees no door, but a word, and then the lists."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    refuse = "**/auth/refresh*"
    await ann.page.route(refuse, lambda route: route.fulfill(status=503, body="{}"))
    await ann.page.reload()
    await expect(ann.page.locator("#loading")).to_contain_text("Trying again")
    await expect(ann.page.locator("#gate")).to_be_hidden()
    await ann.page.unroute(refuse)
    await ann.has_list_open("Groceries")
    await ann.is_live()


async def test_talk_and_trash_fill_in_when_the_network_is_back(
    browser: Browser, origin: str
) -> None:
    """A panel that was opened offline is not empty for ever; one problem is told once."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    talk = await ann.open_panel("Talk")
    await talk.get_by_label("Message to everyone on this list").fill("hello")
    await ann.page.keyboard.press("Enter")
    await expect(talk.locator(".text")).to_have_text(["hello"])
    await ann.todo("milk").hover()
    await ann.todo("milk").get_by_role("button", name="Delete").click()
    await ann.has_saved_all()
    for name, found in (("Talk", ".text"), ("Trash", ".trash .name")):
        await ann.page.reload()
        await ann.has_list_open("Groceries")
        await ann.is_live()
        await ann.context.set_offline(True)
        await expect(ann.page.locator("#state")).to_have_attribute("data-state", "offline")
        await ann.open_panel(name)
        await expect(ann.toast).to_have_count(1)
        await expect(ann.toast).to_contain_text("cannot be reached")
        await ann.page.get_by_role("button", name=name, exact=True).click()
        await ann.open_panel(name)
        await expect(ann.toast).to_have_count(1)
        await ann.context.set_offline(False)
        await expect(ann.page.locator(f"#panel {found}")).to_have_count(1)


async def test_nobody_is_logged_out_who_could_still_be_let_in(
    browser: Browser, origin: str
) -> None:
    """Offline the session cannot be ended, and the page says so; changes are not lost unasked."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.context.set_offline(True)
    await expect(ann.page.locator("#state")).to_have_attribute("data-state", "offline")
    await ann.page.get_by_role("button", name="Log out").click()
    await expect(ann.toast).to_contain_text("You are still logged in")
    await ann.add("milk")
    await ann.page.get_by_role("button", name="Log out").click()
    question = ann.page.get_by_role("dialog").filter(has_text="One change has not been saved")
    await question.get_by_role("button", name="Cancel").click()
    await ann.sees_open("milk")
    await ann.context.set_offline(False)
    await ann.is_live()
    await expect(ann.page.locator("#state")).to_have_text("Live")
    await ann.page.get_by_role("button", name="Log out").click()
    await expect(ann.page.get_by_label("Password")).to_be_visible()
    await expect(ann.page.locator("#gate-problem")).to_be_empty()
    await ann.is_unharmed()
