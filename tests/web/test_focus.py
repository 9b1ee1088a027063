"""Tests of where the keyboard is after each step, so that nobody has to look for it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Route, expect

from tests.web.visitor import Visitor, together


async def test_a_new_list_is_written_into_at_once(browser: Browser, origin: str) -> None:
    """Its name, Enter, and its first todo, without a pointer."""
    ann = await Visitor.register(browser, origin, "ann")
    await expect(ann.page.locator("#board")).to_be_focused()
    await ann.page.get_by_label("Name of a new list").focus()
    await ann.page.keyboard.type("Groceries")
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.get_by_label("New todo")).to_be_focused()
    await ann.page.keyboard.type("milk")
    await ann.page.keyboard.press("Enter")
    await ann.has_list_open("Groceries")
    await ann.sees_open("milk")


async def test_whoever_writes_before_all_is_loaded_is_not_disturbed(
    browser: Browser, origin: str
) -> None:
    """An answer that comes late does not take the focus out of the field."""
    ann = await Visitor.arrive(browser, origin)
    late = asyncio.Event()
    asked = 0

    async def hold_the_first(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await late.wait()
        await route.continue_()

    await ann.page.route("**/api/v1/lists", hold_the_first)
    await ann.make_account("ann")
    await ann.page.get_by_label("New todo").click()
    await ann.page.keyboard.type("mi")
    async with ann.page.expect_response("**/api/v1/lists"):
        late.set()
    # What was asked for later has been taken in: so has that answer.
    await ann.page.evaluate("fetch('/health/live').then((answer) => answer.text())")
    await expect(ann.page.get_by_label("New todo")).to_be_focused()
    await ann.page.keyboard.type("lk")
    await ann.page.keyboard.press("Enter")
    await ann.sees_open("milk")
    await ann.page.unroute_all(behavior="wait")


async def test_nothing_is_written_before_there_is_a_list(browser: Browser, origin: str) -> None:
    """While the lists are on their way there is no field that would lose what goes into it."""
    ann = await Visitor.arrive(browser, origin)
    here = asyncio.Event()

    async def hold(route: Route) -> None:
        await here.wait()
        await route.continue_()

    await ann.page.route("**/api/v1/lists", hold)
    await ann.make_account("ann")
    await expect(ann.page.get_by_label("New todo")).to_be_hidden()
    await expect(ann.page.get_by_role("button", name="Share")).to_be_disabled()
    here.set()
    await expect(ann.page.get_by_label("New todo")).to_be_visible()
    await ann.page.unroute_all(behavior="wait")


async def test_on_a_phone_the_focus_goes_along_between_the_screens(
    browser: Browser, origin: str
) -> None:
    """Into the list, and back to its name; the title of the page follows."""
    ann = await Visitor.on_a_phone(browser, origin, "Groceries")
    await expect(ann.page).to_have_title("Groceries · Lockstep")
    await ann.page.get_by_role("link", name="All lists").click()
    link = ann.page.locator("#lists").get_by_role("link", name="Groceries")
    await expect(link).to_be_focused()
    await expect(ann.page).to_have_title("Lockstep")
    await ann.page.keyboard.press("Enter")
    await ann.has_list_open("Groceries")
    await expect(ann.page.locator("#board")).to_be_focused()


async def test_on_a_phone_nothing_behind_a_panel_is_reached(browser: Browser, origin: str) -> None:
    """Tab stays in the panel that covers the screen; closing it gives the rest back."""
    ann = await Visitor.on_a_phone(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    panel = await ann.open_panel("Share")
    for _ in range(12):
        await ann.page.keyboard.press("Tab")
        assert not await ann.page.evaluate(
            "Boolean(document.activeElement.closest('#board, #side'))"
        )
    await ann.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(ann.page.get_by_role("button", name="Share")).to_be_focused()
    await ann.todo("milk").get_by_role("checkbox").click()
    await ann.sees_open("bread")


async def test_a_notice_that_goes_gives_the_focus_to_the_list(
    browser: Browser, origin: str
) -> None:
    """Whether it was followed or dismissed with the keyboard; the same problem shows once."""
    ann, bo = await together(browser, origin, "Groceries")
    await expect(bo.page.locator("#board")).to_be_focused()
    for _ in range(2):
        await ann.page.get_by_label("New todo").fill("x" * 201)
        await ann.page.keyboard.press("Enter")
    problem = ann.toast.filter(has_text="200 characters")
    await expect(problem).to_have_count(1)
    await problem.get_by_role("button", name="Dismiss").focus()
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.locator("#board")).to_be_focused()
