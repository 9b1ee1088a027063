"""Tests of titles of every kind: too long, from right to left, overdue, not to be changed."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.web.visitor import PHONE, Visitor, together

LONG = "🦔" * 201


async def _left(place: Locator) -> float:
    """Give where the words of a title begin on the screen, in pixels."""
    return float(
        await place.evaluate(
            "(one) => { const range = document.createRange(); range.selectNodeContents(one);"
            " return Math.min(...[...range.getClientRects()].map((box) => box.left)); }"
        )
    )


async def _right(place: Locator) -> float:
    """Give where the last line of a title ends on the screen, in pixels."""
    return float(
        await place.evaluate(
            "(one) => { const range = document.createRange(); range.selectNodeContents(one);"
            " return [...range.getClientRects()].at(-1).left; }"
        )
    )


async def test_a_title_that_is_too_long_stays_where_it_is_written(
    browser: Browser, origin: str
) -> None:
    """Nothing is cut or lost: the page says how long it is, and waits for a shorter one."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    field = ann.page.get_by_label("New todo")
    await ann.add(LONG)
    await expect(ann.toast).to_contain_text("200 characters; this one has 201")
    await expect(field).to_have_value(LONG)
    await field.fill("milk")
    await field.press("Enter")
    await ann.sees_open("milk")
    await ann.todo("milk").get_by_role("button", name="Rename").click()
    editor = ann.page.get_by_label("Title", exact=True)
    await editor.fill(LONG)
    await editor.press("Enter")
    await expect(editor).to_have_attribute("aria-invalid", "true")
    await field.click()
    await expect(editor).to_have_value(LONG)
    await editor.fill("oat milk")
    await expect(editor).not_to_have_attribute("aria-invalid", "true")
    await editor.press("Enter")
    await ann.sees_open("oat milk")
    await ann.is_unharmed()


@pytest.mark.parametrize("context", [{}, PHONE], ids=["desktop", "phone"])
async def test_every_title_begins_beside_its_box(
    browser: Browser, origin: str, context: dict[str, object]
) -> None:
    """Whichever way it is written, in one line or in several."""
    ann = await Visitor.register(browser, origin, "ann", **context)
    await ann.add("milk", "חלב ולחם מהמכולת", "اشتر الخبز والحليب من المتجر " * 6)
    await expect(ann.open_titles).to_have_count(3)
    titles = await ann.open_titles.all()
    begins = [await _left(title) for title in titles]
    assert max(begins) - min(begins) < 2, begins
    assert await _right(titles[2]) - begins[0] < 2  # its last, short line too


async def test_what_is_overdue_is_marked_until_it_is_done(browser: Browser, origin: str) -> None:
    """A date that has passed is not shown like one that is to come."""
    ann = await Visitor.with_list(browser, origin, "House")
    await ann.add("rent", "plan")
    await expect(ann.open_titles).to_have_count(2)
    await _due(ann.page, "rent", "2020-01-02T10:00:00Z")
    await _due(ann.page, "plan", "2199-01-02T10:00:00Z")
    fact = {title: ann.todo(title).locator(".fact") for title in ("rent", "plan")}
    await expect(fact["rent"]).to_contain_text("overdue since")
    await expect(fact["rent"]).to_have_class("fact high")
    await expect(fact["rent"]).to_contain_text("2020")
    await expect(fact["plan"]).to_contain_text("2199")
    await expect(fact["plan"]).to_have_class("fact")
    await ann.todo("rent").get_by_role("checkbox").click()
    await ann.page.locator("#done-group summary").click()
    await expect(fact["rent"]).to_have_class("fact")


async def _due(page: Page, title: str, due_at: str) -> None:
    """Say when a todo is due: the page itself only shows that."""
    status = await page.evaluate(
        """async ([title, due_at]) => {
          const { access_token } = await (await fetch('/api/v1/auth/refresh?refresh=cookie',
            { method: 'POST' })).json();
          const headers = { Authorization: `Bearer ${access_token}`,
            'Content-Type': 'application/json' };
          const id = document.querySelector(`.todo:has([aria-label="${title}"])`).dataset.id;
          const body = JSON.stringify({ due_at });
          return (await fetch(`/api/v1/todos/${id}`, { method: 'PATCH', headers, body })).status;
        }""",
        [title, due_at],
    )
    assert status == 200


async def test_whoever_may_only_look_is_told(browser: Browser, origin: str) -> None:
    """Beside the state, and by a button that says what it opens for them."""
    ann, bo = await together(browser, origin, "Groceries")
    await expect(bo.page.get_by_role("button", name="People", exact=True)).to_be_visible()
    panel = await ann.open_panel("Share")
    await panel.get_by_label(f"What {bo.username} may do").select_option(label="views")
    await expect(bo.page.locator("#state")).to_have_text("Live · view only")
    await bo.open_list("Inbox")
    await expect(bo.page.locator("#state")).to_have_text("Live")
    await expect(bo.page.get_by_role("button", name="Share", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "panel"), [(390, False), (768, False), (1152, True)])
async def test_the_name_of_a_list_has_room(
    browser: Browser, origin: str, width: int, panel: bool
) -> None:
    """One of an ordinary length stands in one line, on a phone and beside an open panel."""
    ann = await Visitor.with_list(browser, origin, "Sunday dinner for all")
    await ann.page.set_viewport_size({"width": width, "height": 800})
    if panel:
        await ann.open_panel("Talk")
    lines = (
        "(one) => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)"
    )
    assert await ann.page.locator("#list-title").evaluate(lines) < 2
    assert await ann.sideways() == 0
