"""Tests of what the pointer and the keyboard do to the rows of a list."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.web.visitor import together


async def test_only_the_main_button_drags(browser: Browser, origin: str) -> None:
    """After a right click on a grip the list goes on showing what others and oneself do."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk")
    await bo.sees_open("milk")
    await ann.todo("milk").hover()
    await ann.todo("milk").locator(".grip").click(button="right")
    await ann.todo("milk").locator(".grip").click(button="middle")
    await bo.add("bread")
    await ann.sees_open("milk", "bread")
    await ann.add("eggs")
    await ann.sees_open("milk", "bread", "eggs")
    await ann.is_unharmed()


async def test_a_list_may_go_away_under_a_drag(browser: Browser, origin: str) -> None:
    """Its row goes with it: the list that opens next shows its own todos, and can be written."""
    ann, bo = await together(browser, origin, "Groceries")
    await bo.add("milk", "bread")
    await bo.sees_open("milk", "bread")
    await bo.todo("milk").hover()
    await bo.todo("milk").locator(".grip").hover()
    await bo.page.mouse.down()
    await bo.page.mouse.move(600, 400, steps=3)
    panel = await ann.open_panel("Share")
    role = panel.get_by_label(f"What {bo.username} may do")
    await role.select_option(label="Remove…")
    await ann.page.get_by_role("button", name="Remove", exact=True).click()
    await bo.has_list_open("Inbox")
    await bo.add("soap")
    await bo.sees_open("soap")
    await bo.page.mouse.move(600, 200, steps=3)
    await bo.page.mouse.up()
    await bo.sees_open("soap")
    await bo.is_unharmed()
