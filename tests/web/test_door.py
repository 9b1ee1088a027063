"""Tests of the page's door: refusals, sessions that end, and where the focus is then."""

from __future__ import annotations

import uuid

from playwright.async_api import Browser, Page, Route, expect

from tests.servers.person import PASSWORD
from tests.web.visitor import Visitor

_END_SESSIONS = """async () => {
  const token = (await (await fetch('/api/v1/auth/refresh?refresh=cookie',
    { method: 'POST' })).json()).access_token;
  const headers = { Authorization: `Bearer ${token}` };
  const { sessions } = await (await fetch('/api/v1/me/sessions', { headers })).json();
  for (const { id } of sessions) {
    await fetch(`/api/v1/me/sessions/${id}`, { method: 'DELETE', headers });
  }
}"""


async def _log_in(page: Page, username: str, password: str) -> None:
    await page.get_by_label("User name").fill(username)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()


async def test_a_refused_password_is_written_anew_at_once(browser: Browser, origin: str) -> None:
    """It is marked, ready to be typed over, and nothing has moved under the pointer."""
    ann = await Visitor.arrive(browser, origin)
    tabs = ann.page.get_by_role("tablist")
    await expect(tabs).to_be_visible()
    before = await tabs.bounding_box()
    await _log_in(ann.page, "nobody-at-all", "not the right one")
    await expect(ann.page.get_by_role("alert")).not_to_be_empty()
    await expect(ann.page.get_by_label("Password")).to_be_focused()
    await ann.page.keyboard.type("another")
    await expect(ann.page.get_by_label("Password")).to_have_value("another")
    assert await tabs.bounding_box() == before


async def test_an_ended_session_says_why_and_leads_back(browser: Browser, origin: str) -> None:
    """Ended from another device: the door says so, and the list is open again after it."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.page.evaluate(_END_SESSIONS)
    await expect(ann.page.get_by_role("alert")).to_contain_text("Your session has ended")
    await _log_in(ann.page, ann.username, PASSWORD)
    await ann.has_list_open("Groceries")
    await expect(ann.page.locator("#board")).to_be_focused()
    await ann.page.get_by_role("button", name="Log out").click()
    await expect(ann.page.get_by_label("Password")).to_be_visible()
    await expect(ann.page.locator("#gate-problem")).to_be_empty()
    await ann.is_unharmed()


async def test_changes_that_are_lost_with_a_session_are_told(browser: Browser, origin: str) -> None:
    """What waited when it ended is counted; no dialog of the browser stands in the way."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    # The last tab to log out ends the session of both; this one cannot send what it has.
    await ann.page.route("**/api/v1/commands", lambda route: route.abort())
    await ann.add("milk", "bread")
    await ann.sees_open("milk", "bread")
    tab = await ann.another_tab()
    await tab.is_live()
    await tab.page.get_by_role("button", name="Log out").click()
    word = ann.page.locator("#gate-problem")
    await expect(word).to_contain_text("2 changes could not be saved")
    await ann.page.reload()
    await expect(ann.page.get_by_label("Password")).to_be_visible()
    await expect(word).to_be_empty()
    await ann.is_unharmed()


async def test_an_account_that_was_made_is_not_made_again(browser: Browser, origin: str) -> None:
    """After a login that failed, or a lost answer, the same button leads in; nobody else."""
    for place in ("**/auth/login*", "**/auth/register*"):
        ann = await Visitor.arrive(browser, origin)
        lost = 0

        async def lose_the_first(route: Route) -> None:
            nonlocal lost
            lost += 1
            if lost == 1:
                await route.fetch()
                await route.abort()
            else:
                await route.continue_()

        await ann.page.route(place, lose_the_first)
        await ann.page.get_by_role("tab", name="New account").click()
        username = f"ann-{uuid.uuid4().hex[:8]}"
        await ann.page.get_by_label("User name").fill(username)
        await ann.page.get_by_label("Password").fill(PASSWORD)
        await ann.page.get_by_role("button", name="Make my account").click()
        await expect(ann.page.locator("#gate-problem")).to_contain_text("cannot be reached")
        await ann.page.get_by_role("button", name="Make my account").click()
        await ann.is_live()
        await ann.page.unroute_all(behavior="wait")
        await ann.is_unharmed()
        await ann.leave()

        other = await Visitor.arrive(browser, origin)
        await other.page.get_by_role("tab", name="New account").click()
        await other.page.get_by_label("User name").fill(username)
        await other.page.get_by_label("Password").fill(PASSWORD)
        for _ in range(2):
            async with other.page.expect_response("**/auth/register*") as answer:
                await other.page.get_by_role("button", name="Make my account").click()
            assert (await answer.value).status == 409
            await expect(other.page.locator("#gate-problem")).not_to_be_empty()
            await expect(other.page.locator("#gate")).to_be_visible()
        await other.leave()
