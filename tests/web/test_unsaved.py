"""Tests of changes that are refused: their words come back to whoever wrote them."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, Route, expect

from tests.web.visitor import Visitor

COMMANDS = "**/api/v1/commands"
WHY = "Only an editor may do this."


async def _refuse(ann: Visitor, when: asyncio.Event) -> None:
    """Refuse every change from then on, once ``when`` is set."""

    async def refuse(route: Route) -> None:
        await when.wait()
        sent: Any = route.request.post_data_json
        body = {"detail": WHY, "code": "forbidden"}
        results = [{"op": one["op"], "status": 403, "body": body} for one in sent["commands"]]
        await route.fulfill(json={"results": results})

    await ann.page.route(COMMANDS, refuse)


async def test_all_words_that_were_refused_are_given_back(browser: Browser, origin: str) -> None:
    """New todos, a title and a list's name, in one notice that stays and can be read to its end."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.add("milk")
    tab = await ann.another_tab()
    await tab.open_list("Groceries")
    await tab.sees_open("milk")
    now = asyncio.Event()
    await _refuse(ann, now)
    await ann.add("one", "two", "three", "four", "five", "word " * 39)
    await ann.todo("milk").locator(".title").click()
    await ann.page.keyboard.type("oat milk")
    await ann.page.keyboard.press("Enter")
    await ann.page.locator("#list-title").click()
    await ann.page.keyboard.type("Food")
    await ann.page.keyboard.press("Enter")
    now.set()
    await ann.sees_open("milk")
    notice = ann.toast.filter(has_text="Not saved: one, two, three, four, five, word word")
    await expect(notice).to_have_count(1)
    await expect(notice).to_contain_text(f"word, oat milk, Food. {WHY}")
    why = await notice.locator("p").evaluate("(one) => one.scrollHeight - one.clientHeight")
    assert why == 0, "the end of the notice is cut off"
    await expect(ann.page.get_by_label("New todo")).to_have_value("")
    await ann.is_unharmed()


async def test_words_refused_after_their_list_was_left_are_given_back(
    browser: Browser, origin: str
) -> None:
    """By a notice, whichever list is open then."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    left = asyncio.Event()
    await _refuse(ann, left)
    await ann.add("milk", "bread")
    await ann.open_list("Inbox")
    left.set()
    await expect(ann.toast).to_contain_text(f"Not saved: milk, bread. {WHY}")
    await ann.is_unharmed()
