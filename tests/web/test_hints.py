"""Tests of what the page offers beside a title: labels, and what is often added with it."""

from __future__ import annotations

from playwright.async_api import Browser, Locator, expect

from tests.servers.fixtures import StartReplica
from tests.servers.ports import free_port
from tests.web.visitor import NASTY, Visitor, together


def _offered(visitor: Visitor, kind: str) -> Locator:
    """Find the buttons under the field that adds todos."""
    return visitor.page.locator(f"#add-hints .{kind} bdi")


async def _finish(visitor: Visitor, *titles: str) -> None:
    """Add todos and tick them off, twice: then they are often added together."""
    for _ in range(2):
        await visitor.add(*titles)
        await visitor.sees_open(*titles)
        for title in titles:
            await visitor.page.locator("#open").get_by_role("checkbox", name=title).click()
        await visitor.sees_open()


async def test_what_is_often_added_together_is_one_click_away(
    browser: Browser, origin: str
) -> None:
    """It is offered while a title is written and after; whoever adds it, it is offered no more."""
    ann, bo = await together(browser, origin, "Groceries")
    await _finish(ann, "milk", "bread", NASTY)
    field = ann.page.get_by_label("New todo")
    await field.fill("fresh milk")
    await expect(_offered(ann, "together")).to_have_text([NASTY, "bread"])
    await field.press("Enter")
    await ann.sees_open("fresh milk")
    await expect(_offered(ann, "together")).to_have_text([NASTY, "bread"])
    await ann.page.get_by_role("button", name="Add bread").click()
    await bo.sees_open("fresh milk", "bread")
    await expect(field).to_be_focused()
    await bo.add(NASTY)
    await expect(ann.page.locator("#add-hints")).to_be_hidden()
    await bo.sees_open("fresh milk", "bread", NASTY)
    for visitor in (ann, bo):
        await visitor.is_unharmed()


async def test_a_label_is_offered_for_what_is_written_and_for_an_open_title(
    browser: Browser, origin: str
) -> None:
    """Chosen before the todo is added, after it, or while it is renamed; by keyboard, too."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    field = ann.page.get_by_label("New todo")
    keyboard = ann.page.keyboard
    await ann.add("milk")
    await _put_label(ann, "milk", "dairy")
    for title in ("oat milk", "soy milk", "rice milk"):
        labels = ann.todo(title).locator(".fact")
        offer = ann.page.get_by_role("button", name="Label it dairy")
        await field.fill(title)
        if title == "oat milk":
            await offer.click()
            await expect(offer).to_have_attribute("aria-pressed", "true")
            await keyboard.press("Enter")
        elif title == "soy milk":
            await keyboard.press("Enter")
            await offer.click()
        else:
            await keyboard.press("Enter")
            await expect(ann.todo(title)).to_have_count(1)
            await expect(offer).to_be_visible()
            await keyboard.press("Escape")
            await expect(offer).to_be_hidden()
            await ann.todo(title).get_by_role("button", name="Rename").click()
            await expect(offer).to_be_visible()
            await keyboard.press("Tab")
            await expect(offer).to_be_focused()
            await keyboard.press("Enter")
            await expect(ann.page.get_by_label("Title", exact=True)).to_be_focused()
            await keyboard.type("milk of rice")
            await keyboard.press("Enter")
            labels = ann.todo("milk of rice").locator(".fact")
        await expect(labels).to_have_text(["dairy"])
        await expect(offer).to_be_hidden()
    await ann.is_unharmed()


async def _put_label(visitor: Visitor, title: str, label: str) -> None:
    """Put the first label on a todo: the page itself offers only labels that are in use."""
    status = await visitor.page.evaluate(
        """async ([title, label]) => {
          const { access_token } = await (await fetch('/api/v1/auth/refresh?refresh=cookie',
            { method: 'POST' })).json();
          const headers = { Authorization: `Bearer ${access_token}` };
          const id = document.querySelector(`.todo:has([aria-label="${title}"])`).dataset.id;
          const path = `/api/v1/todos/${id}/labels/${label}`;
          return (await fetch(path, { method: 'PUT', headers })).status;
        }""",
        [title, label],
    )
    assert status == 200
    await expect(visitor.todo(title).locator(".fact")).to_have_text([label])


async def test_a_phone_has_room_for_the_longest_suggestions(browser: Browser, origin: str) -> None:
    """They are cut, not the page widened; a tap adds one."""
    ann = await Visitor.on_a_phone(browser, origin, "Wide")
    wide = "W" * 200
    await _finish(ann, "milk", wide)
    await ann.page.get_by_label("New todo").fill("milk again")
    await expect(_offered(ann, "together")).to_have_text([wide])
    assert await ann.sideways() == 0
    await ann.page.locator("#add-hints .together .chip").tap()
    await ann.sees_open(wide)
    await ann.is_unharmed()


async def test_whoever_may_only_look_is_offered_nothing(browser: Browser, origin: str) -> None:
    """What was on offer goes with the right to write."""
    ann, bo = await together(browser, origin, "Groceries")
    await _finish(ann, "milk", "bread")
    await bo.sees_open()
    await bo.page.get_by_label("New todo").fill("milk")
    await expect(_offered(bo, "together")).to_have_text(["bread"])
    await ann.page.get_by_role("button", name="Share", exact=True).click()
    await ann.page.get_by_label(f"What {bo.username} may do").select_option(label="views")
    await expect(bo.page.get_by_label("New todo")).to_be_hidden()
    await expect(bo.page.locator(".chip")).to_have_count(0)
    await bo.is_unharmed()


async def test_while_the_graph_is_away_nothing_is_offered_and_nothing_disturbed(
    browser: Browser, start_replica: StartReplica
) -> None:
    """Todos are added and renamed as ever; the panels say calmly what is missing, and why."""
    nowhere = f"bolt://127.0.0.1:{free_port()}"
    replica = await start_replica(NEO4J_URL=nowhere, GRAPH_FAILURES="1")
    ann = await Visitor.with_list(browser, replica.origin, "Groceries")
    refused = "**/suggestions?*"
    async with ann.page.expect_response(refused) as asked:
        await ann.page.get_by_label("New todo").fill("milk")
    assert (await asked.value).status == 503
    await ann.page.keyboard.press("Enter")
    await ann.add("bread")
    await ann.todo("milk").get_by_role("button", name="Rename").click()
    await ann.page.keyboard.type("oat milk")
    await ann.page.keyboard.press("Enter")
    await ann.sees_open("oat milk", "bread")
    await expect(ann.page.locator(".chip")).to_have_count(0)
    await expect(ann.toast).to_have_count(0)
    for opener, place in (("What to do next", "#next-away"), ("Plan", "#plan-away")):
        await ann.page.get_by_role("button", name=opener, exact=True).click()
        await expect(ann.page.locator(place)).to_contain_text("Your lists go on as ever")
    await ann.is_unharmed()
