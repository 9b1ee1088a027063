"""Tests of the focus in a panel whose content changes while somebody works in it."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Route, expect

from tests.web.visitor import Visitor, together


async def test_the_trash_leaves_the_focus_where_it_is(browser: Browser, origin: str) -> None:
    """On what others do, and after "Bring back" on what stood beside it, in the end the title."""
    ann, bo = await together(browser, origin, "House")
    await ann.add("one", "two", "three", "four")
    await bo.sees_open("one", "two", "three", "four")
    for title in ("one", "two"):
        await ann.todo(title).hover()
        await ann.todo(title).get_by_role("button", name="Delete").click()
    await bo.sees_open("three", "four")
    trash = await ann.open_panel("Trash")
    await expect(trash.locator("#trash .name")).to_have_count(2)
    one, two = (trash.get_by_role("button", name=f"Bring back: {name}") for name in ("one", "two"))
    await one.focus()
    await bo.todo("three").hover()
    await bo.todo("three").get_by_role("button", name="Delete").click()
    three = trash.get_by_role("button", name="Bring back: three")
    await expect(three).to_be_visible()
    await expect(one).to_be_focused()
    await ann.page.keyboard.press("Enter")
    await expect(one).to_have_count(0)
    await expect(two).to_be_focused()
    await ann.page.keyboard.press("Enter")
    await expect(three).to_be_focused()
    await ann.page.keyboard.press("Enter")
    await expect(trash.locator("#trash")).to_have_text("The trash is empty.")
    await expect(ann.page.locator("#panel-title")).to_be_focused()
    await ann.is_unharmed()


async def test_next_and_plan_leave_the_focus_beside_what_is_gone(
    browser: Browser, origin: str
) -> None:
    """After a tick it is on the next thing to do, after "no longer waits" on the next of those."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("dig", "pour", "paint")
    following = await ann.open_panel("What to do next")
    ticks = following.locator("#next .tick")
    await expect(ticks).to_have_count(3)
    await ticks.first.focus()
    await ann.page.keyboard.press("Enter")
    await expect(ticks).to_have_count(2)
    await expect(ticks.first).to_be_focused()

    await ann.add("more")
    plan = await ann.open_panel("Plan")
    for other in ("paint", "more"):
        await plan.locator("#wait [name=todo]").select_option(label="pour")
        await plan.locator("#wait [name=by]").select_option(label=other)
        await plan.get_by_role("button", name="Let it wait").click()
    ends = plan.locator("#waits button")
    await expect(ends).to_have_count(2)
    await ends.first.focus()
    await ann.page.keyboard.press("Enter")
    await expect(ends).to_have_count(1)
    await expect(ends.first).to_be_focused()
    await ann.is_unharmed()


async def test_what_is_open_again_comes_back_into_next(browser: Browser, origin: str) -> None:
    """A tick in Next that was taken back on the board hides nothing for good."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("dig", "pour")
    await ann.sees_open("dig", "pour")
    following = await ann.open_panel("What to do next")
    shown = following.locator("#next .name")
    await expect(shown).to_have_count(2)
    answered = asyncio.Event()

    async def hold(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await ann.page.route("**/api/v1/commands", hold)
    await following.get_by_role("checkbox", name="dig").click()
    await ann.page.locator("#done-group summary").click()
    await ann.todo("dig").get_by_role("checkbox").click()
    await ann.add("last")
    answered.set()
    await expect(following).to_contain_text("last")
    await expect(following).to_contain_text("dig")
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()


async def test_the_members_stay_in_place_while_others_write(browser: Browser, origin: str) -> None:
    """A role that is being chosen is not replaced; whoever removes somebody is not left nowhere."""
    ann, bo = await together(browser, origin, "House")
    people = await ann.open_panel("Share")
    may = people.get_by_label(f"What {bo.username} may do")
    before = await may.element_handle()
    assert before is not None
    delete = people.get_by_role("button", name="Delete list")
    for held, title in ((may, "milk"), (delete, "bread")):
        await held.focus()
        await bo.add(title)
        await expect(ann.todo(title)).to_be_visible()
        await expect(held).to_be_focused()
    assert await before.evaluate("(select) => select.isConnected")
    await may.select_option("viewer")
    await expect(bo.page.get_by_label("New todo")).to_be_hidden()
    await expect(may).to_have_value("viewer")
    await may.focus()
    await may.select_option("remove")
    question = ann.page.get_by_role("dialog")
    await question.get_by_role("button", name="Cancel").click()
    await expect(may).to_have_value("viewer")
    await may.select_option("remove")
    await question.get_by_role("button", name="Remove").click()
    await expect(may).to_have_count(0)
    await expect(ann.page.locator("#panel-title")).to_be_focused()
    await ann.is_unharmed()


async def test_a_role_that_is_answered_after_its_panel_was_closed_harms_nothing(
    browser: Browser, origin: str
) -> None:
    """Whether it was given or refused."""
    ann, bo = await together(browser, origin, "House")
    may = ann.page.get_by_label(f"What {bo.username} may do")
    answered = asyncio.Event()
    refuse = False

    async def hold(route: Route) -> None:
        await answered.wait()
        await (route.abort() if refuse else route.continue_())

    for refuse in (False, True):
        answered.clear()
        await ann.page.route("**/members/*", hold)
        people = await ann.open_panel("Share")
        await may.select_option("owner" if refuse else "viewer")
        await ann.page.keyboard.press("Escape")
        await expect(people).to_be_hidden()
        answered.set()
        if refuse:
            await expect(ann.toast.filter(has_text="cannot be reached")).to_be_visible()
        else:
            await expect(bo.page.get_by_label("New todo")).to_be_hidden()
        await ann.page.unroute_all(behavior="wait")
    await ann.open_panel("Share")
    await expect(may).to_have_value("viewer")
    await ann.is_unharmed()
