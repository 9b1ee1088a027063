"""Tests of what the page says to do next, and of the picture of what waits for what."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.servers.replica import Replica
from tests.web.visitor import PHONE, Visitor, together

NASTY = "<img src=x onerror=alert(1)> & a long title that goes on and on and on"


@pytest.fixture
def origin(service: tuple[Replica, Replica]) -> str:
    """Give the address of one replica of the service that all tests share."""
    return service[0].origin


async def _open(visitor: Visitor, name: str) -> Locator:
    await visitor.page.get_by_role("button", name=name, exact=True).click()
    return visitor.page.locator("#panel")


async def _let_wait(panel: Locator, todo: str, other: str) -> None:
    await panel.locator("#wait [name=todo]").select_option(label=todo)
    await panel.locator("#wait [name=by]").select_option(label=other)
    await panel.get_by_role("button", name="Let it wait").click()


async def test_finishing_one_thing_makes_the_next_appear(browser: Browser, origin: str) -> None:
    """For both people: what waits is not shown until what it waits for is done."""
    ann, bo = await together(browser, origin, "House")
    await ann.add("dig", "pour", "paint")
    plan = await _open(ann, "Plan")
    await _let_wait(plan, "pour", "dig")
    await _let_wait(plan, "paint", "pour")
    await expect(plan.locator("#waits li")).to_have_count(2)
    await expect(plan.locator(".node")).to_have_count(3)
    await expect(plan.locator(".node.critical")).to_have_count(3)
    await expect(plan.locator("#plan-hint")).to_contain_text("The longest chain takes 1 h 30 min")

    shown = (await _open(bo, "What to do next")).locator("#next .name")
    await expect(shown).to_have_text(["dig"])
    await expect(bo.page.locator("#next .fact.unblocks")).to_have_text(
        ["unblocks 2 todos, 1 person waits"]
    )
    await bo.page.locator("#next").get_by_role("checkbox", name="dig").click()
    await expect(shown).to_have_text(["pour"])
    await expect(plan.locator(".node.ready")).to_have_text(["pourpour"])
    await ann.todo("pour").get_by_role("checkbox").click()
    await expect(shown).to_have_text(["paint"])
    for visitor in (ann, bo):
        await visitor.is_unharmed()


async def test_a_circle_is_refused_in_words_and_a_wait_can_be_ended(
    browser: Browser, origin: str
) -> None:
    """What would wait for itself is explained; what waits need not for ever."""
    ann = await Visitor.register(browser, origin, "ann")
    await ann.make_list("Circle")
    await ann.add("one", "two")
    plan = await _open(ann, "Plan")
    await expect(plan.locator("#plan-hint")).to_contain_text("Nothing in this list waits")
    await _let_wait(plan, "two", "one")
    await expect(plan.locator("#waits li")).to_have_text(["two waits for one"])
    await _let_wait(plan, "one", "two")
    await expect(ann.toast).to_contain_text("circle")
    await _let_wait(plan, "one", "one")
    await expect(plan.locator("#plan-hint")).to_have_text("A todo cannot wait for itself.")
    await plan.get_by_role("button", name="two no longer waits for one").click()
    await expect(plan.locator("#waits li")).to_have_count(0)
    await expect(plan.locator("#plan-hint")).to_contain_text("Nothing in this list waits")
    await ann.is_unharmed()


async def test_titles_stay_text_and_a_phone_needs_no_sideways_scroll(
    browser: Browser, origin: str
) -> None:
    """Whatever was typed, in the list of what is next as in the picture."""
    ann = await Visitor.register(browser, origin, "ann", **PHONE)
    await ann.page.get_by_role("link", name="All lists").click()
    await ann.make_list("Phone")
    await ann.add(NASTY, "after")
    plan = await _open(ann, "Plan")
    await _let_wait(plan, "after", NASTY)
    await expect(plan.locator(".node title").first).to_have_text(NASTY)
    assert await ann.sideways() == 0
    await ann.page.get_by_role("button", name="Close").click()
    await ann.page.get_by_role("link", name="All lists").click()
    following = await _open(ann, "What to do next")
    await expect(following.locator("#next .name")).to_have_text([NASTY])
    assert await ann.sideways() == 0
    assert await ann.page.locator("#panel img").count() == 0
    await following.get_by_role("link", name="Phone").click()
    await ann.has_list_open("Phone")
    await expect(following).to_be_hidden()
    await ann.is_unharmed()
