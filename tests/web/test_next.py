"""Tests of what the page says to do next, and of the picture of what waits for what."""

from __future__ import annotations

from playwright.async_api import Browser, Locator, Route, expect

from tests.web.visitor import NASTY, Visitor, together

LONG = f"{NASTY} & a long title that goes on and on and on"


async def _let_wait(panel: Locator, todo: str, other: str) -> None:
    await panel.locator("#wait [name=todo]").select_option(label=todo)
    await panel.locator("#wait [name=by]").select_option(label=other)
    await panel.get_by_role("button", name="Let it wait").click()


async def test_finishing_one_thing_makes_the_next_appear(browser: Browser, origin: str) -> None:
    """For both people: what waits is not shown until what it waits for is done."""
    ann, bo = await together(browser, origin, "House")
    await ann.add("dig", "pour", "paint")
    plan = await ann.open_panel("Plan")
    await _let_wait(plan, "pour", "dig")
    await _let_wait(plan, "paint", "pour")
    await expect(plan.locator("#waits li")).to_have_count(2)
    await expect(plan.locator(".node")).to_have_count(3)
    await expect(plan.locator(".node.critical")).to_have_count(3)
    await expect(plan.locator("#plan-hint")).to_contain_text("The longest chain takes 1 h 30 min")

    shown = (await bo.open_panel("What to do next")).locator("#next .name")
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
    ann = await Visitor.with_list(browser, origin, "Circle")
    await ann.add("one", "two")
    plan = await ann.open_panel("Plan")
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
    ann = await Visitor.on_a_phone(browser, origin, "Phone")
    await ann.add(LONG, "after")
    plan = await ann.open_panel("Plan")
    await _let_wait(plan, "after", LONG)
    await expect(plan.locator(".node title").first).to_have_text(LONG)
    assert await ann.sideways() == 0
    await ann.page.get_by_role("button", name="Close").click()
    await ann.page.get_by_role("link", name="All lists").click()
    following = await ann.open_panel("What to do next")
    await expect(following.locator("#next .name")).to_have_text([LONG])
    assert await ann.sideways() == 0
    assert await ann.page.locator("#panel img").count() == 0
    await following.get_by_role("link", name="Phone").click()
    await ann.has_list_open("Phone")
    await expect(following).to_be_hidden()
    await ann.is_unharmed()


async def test_the_picture_is_walked_with_the_keyboard(browser: Browser, origin: str) -> None:
    """Tab reaches it, arrows walk it, each box says what it is, Enter goes to its todo."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("paint", "pour", "dig", *(f"other {number}" for number in range(30)))
    await expect(ann.open_titles).to_have_count(33)
    plan = await ann.open_panel("Plan")
    await _let_wait(plan, "pour", "dig")
    await _let_wait(plan, "paint", "pour")
    await expect(plan.locator(".node")).to_have_count(3)
    keyboard = ann.page.keyboard
    box = {
        title: plan.locator(".node").filter(has_text=title) for title in ("dig", "pour", "paint")
    }
    await expect(box["dig"]).to_have_role("button")
    await expect(box["dig"]).to_have_accessible_name(
        "dig, ready, 1 waits for it, on the longest chain"
    )
    await plan.get_by_role("button", name="Close").focus()
    await keyboard.press("Tab")
    await expect(box["dig"]).to_be_focused()
    await expect(box["dig"].locator(".ring")).not_to_have_css("stroke", "none")
    await expect(box["pour"].locator(".ring")).to_have_css("stroke", "none")
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowRight")
    await expect(box["paint"]).to_be_focused()
    # The focus stays where it is when the picture is drawn anew.
    await ann.todo("dig").get_by_role("checkbox").dispatch_event("click", {"detail": 1})
    await expect(plan.locator(".node.completed")).to_have_count(1)
    await expect(box["paint"]).to_be_focused()
    await keyboard.press("ArrowLeft")
    await keyboard.press("ArrowUp")
    await expect(box["dig"]).to_be_focused()
    await keyboard.press("Enter")
    await expect(ann.todo("dig").get_by_role("checkbox")).to_be_focused()
    await expect(ann.todo("dig")).to_be_in_viewport()
    await ann.is_unharmed()


async def test_on_a_phone_a_tap_on_a_box_leads_to_its_todo(browser: Browser, origin: str) -> None:
    """The panel that lies over the list goes away, and the todo is on the screen."""
    ann = await Visitor.on_a_phone(browser, origin, "Phone")
    await ann.add(*(f"todo {number}" for number in range(30)), "dig", "pour")
    await expect(ann.open_titles).to_have_count(32)
    plan = await ann.open_panel("Plan")
    await _let_wait(plan, "pour", "dig")
    await plan.locator(".node").filter(has_text="dig").tap()
    await expect(plan).to_be_hidden()
    await expect(ann.todo("dig")).to_be_in_viewport()
    await ann.is_unharmed()


async def test_an_answer_that_is_marked_stale_is_said_to_be_one(
    browser: Browser, origin: str
) -> None:
    """What the graph said last stays on show, with a calm word that it is not from now."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("dig", "pour")
    stale = True

    async def mark(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json=await answer.json() | {"stale": stale})

    for path in ("**/recommendations?*", "**/graph?*", "**/critical-path?*"):
        await ann.page.route(path, mark)
    plan = await ann.open_panel("Plan")
    await _let_wait(plan, "pour", "dig")
    await expect(plan.locator(".node")).to_have_count(2)
    await expect(plan.locator("#plan-away")).to_have_text(
        "The graph is away or behind for a moment. This is what it knew last."
    )
    following = await ann.open_panel("What to do next")
    await expect(following.locator("#next .name")).to_have_text(["dig"])
    away = following.locator("#next-away")
    await expect(away).to_have_text(
        "The graph is away or behind for a moment. This is what it knew last."
    )
    stale = False
    await following.get_by_role("checkbox", name="dig").click()
    await expect(following.locator("#next .name")).to_have_text(["pour"])
    await expect(away).to_be_hidden()
    await ann.page.unroute_all(behavior="wait")
    await ann.is_unharmed()
