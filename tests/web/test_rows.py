"""Tests of what the pointer and the keyboard do to the rows of a list."""

from __future__ import annotations

from playwright.async_api import Browser, Route, expect

from tests.web.visitor import Visitor, together


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


async def test_a_double_click_does_to_one_todo_what_it_does(browser: Browser, origin: str) -> None:
    """Its second half does not tick, or delete, the todo that has moved up under the pointer."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.page.emulate_media(reduced_motion="reduce")  # so that the next one is there at once
    await ann.add("milk", "bread", "eggs", "soap")
    await ann.sees_open("milk", "bread", "eggs", "soap")
    await ann.todo("milk").get_by_role("checkbox").dblclick()
    await ann.sees_open("bread", "eggs", "soap")
    await ann.todo("bread").hover()
    await ann.todo("bread").get_by_role("button", name="Delete").dblclick()
    await ann.sees_open("eggs", "soap")
    # Whoever clicks once more means it.
    await ann.todo("soap").get_by_role("checkbox").click()
    await ann.sees_open("eggs")


async def test_tab_reaches_one_row_of_a_list(browser: Browser, origin: str) -> None:
    """The rows that are added, too, are for the arrow keys: Tab does not stop at each."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk", "bread", "eggs")
    await ann.sees_open("milk", "bread", "eggs")
    stops = "[...document.querySelectorAll('#open .tick')].map((one) => one.tabIndex)"
    assert await ann.page.evaluate(stops) == [0, -1, -1]


async def test_one_skips_to_the_list_that_is_open(browser: Browser, origin: str) -> None:
    """Not to another one: the link moves the focus, and the address stays."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    address = ann.page.url
    await ann.page.locator(".skip").focus()
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.locator("#board")).to_be_focused()
    assert ann.page.url == address
    await expect(ann.page.locator("#list-title")).to_have_text("Groceries")


async def test_a_restored_todo_is_asked_for_until_it_is_there(
    browser: Browser, origin: str
) -> None:
    """When the one request that brings it fails, it is sent again."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    await bo.sees_open("milk", "bread")
    await ann.todo("milk").hover()
    await ann.todo("milk").get_by_role("button", name="Delete").click()
    await bo.sees_open("bread")
    await bo.page.reload()  # what it knew of the trash is gone
    await bo.is_live()
    await bo.sees_open("bread")
    asked = 0

    async def fail_at_first(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            await route.continue_()
        elif asked == 2:
            await route.fulfill(status=503, json={"code": "busy"})
        else:
            await route.abort()

    await bo.page.route("**/api/v1/todos/*", fail_at_first)
    await ann.toast.get_by_role("button", name="Undo").click()
    await bo.sees_open("milk", "bread")
    await bo.is_unharmed()
    await bo.page.unroute_all(behavior="wait")
