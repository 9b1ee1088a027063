"""Tests of the page in a real browser against the real service."""

from __future__ import annotations

import contextlib

import playwright.async_api
import pytest
from playwright.async_api import Browser, expect

from tests.servers.fixtures import StartReplica
from tests.servers.replica import Replica
from tests.web.visitor import NASTY, PHONE, Visitor, together


async def test_two_people_see_each_change_at_once(browser: Browser, origin: str) -> None:
    """What one adds, ticks, renames and deletes is on the other's screen without a reload."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    await bo.sees_open("milk", "bread")
    await bo.todo("bread").get_by_role("checkbox").click()
    await ann.sees_open("milk")
    await expect(ann.page.locator("#done .title")).to_have_text(["bread"], use_inner_text=False)
    await ann.todo("milk").get_by_role("button", name="Rename: milk").click()
    await ann.page.keyboard.type("oat milk")
    await ann.page.keyboard.press("Enter")
    await bo.sees_open("oat milk")
    await bo.page.locator("#list-title").click()
    await bo.page.keyboard.type("Food")
    await bo.page.keyboard.press("Enter")
    await ann.has_list_open("Food")
    for visitor in (ann, bo):
        await visitor.is_unharmed()


async def test_people_on_two_replicas_share_a_list(
    browser: Browser, service: tuple[Replica, Replica]
) -> None:
    """Each may be on another replica: they see each other and each other's changes."""
    ann = await Visitor.register(browser, service[0].origin, "ann")
    bo = await Visitor.register(browser, service[1].origin, "bo")
    await ann.make_list("Far away")
    await ann.share_with(bo)
    await bo.accept("Far away")
    await bo.add("hello from here")
    await ann.sees_open("hello from here")


async def test_who_is_here_comes_and_goes(browser: Browser, origin: str) -> None:
    """Both faces show while both have the list open; whoever closes the page leaves."""
    ann, bo = await together(browser, origin, "Groceries")
    here = ann.page.get_by_role("list", name="Who is here").get_by_role("img")
    await expect(here).to_have_count(2)
    for visitor in (ann, bo):
        other = visitor.page.locator(f'#here [data-user="{ann.username}"]')
        await expect(other).to_have_count(1)
    await bo.leave()
    await expect(here).to_have_count(1)


async def test_who_types_shows(browser: Browser, origin: str) -> None:
    """While somebody writes a todo the others read that, until it is there."""
    ann, bo = await together(browser, origin, "Groceries")
    field = bo.page.get_by_label("New todo")
    shown = ann.page.locator("#typing").filter(has_text=f"{bo.username} is typing")
    # A page says it every two seconds at most, and who does not listen yet never hears of it: so
    # bo goes on typing until it is seen.
    for words in ("mi", "mil") * 10:
        await field.fill(words)
        with contextlib.suppress(playwright.async_api.TimeoutError):
            await shown.wait_for(timeout=2_100)
            break
    else:
        pytest.fail(f"typing was never shown: {await ann.page.locator('#typing').inner_text()!r}")
    await field.fill("milk")
    await field.press("Enter")
    await ann.sees_open("milk")
    await expect(ann.page.locator("#typing")).to_be_empty()


async def test_markup_that_people_type_stays_text(browser: Browser, origin: str) -> None:
    """Titles, names and messages are shown literally; the security policy has nothing to refuse."""
    ann, bo = await together(browser, origin, NASTY)
    await ann.add(NASTY, "</script><script>alert(2)</script>", "javascript:alert(3)", "{{7*7}}")
    await bo.sees_open(
        NASTY, "</script><script>alert(2)</script>", "javascript:alert(3)", "{{7*7}}"
    )
    await ann.page.get_by_role("button", name="Talk").click()
    await ann.page.get_by_label("Message to everyone on this list").fill(NASTY)
    await ann.page.keyboard.press("Enter")
    await expect(ann.page.locator("#talk .text")).to_have_text([NASTY])
    await bo.todo(NASTY).get_by_role("button", name="Delete").click(force=True)
    await expect(bo.toast.filter(has_text="Deleted")).to_contain_text(NASTY)
    await expect(bo.page).to_have_title(f"{NASTY} · Lockstep")
    for visitor in (ann, bo):
        assert await visitor.page.locator(".board img, .panel img, .toast img").count() == 0
        await visitor.is_unharmed()


async def test_a_page_that_was_offline_catches_up(browser: Browser, origin: str) -> None:
    """Both write while apart; together again both have everything, in one order."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk")
    await bo.sees_open("milk")
    await bo.context.set_offline(True)
    await expect(bo.page.locator("#state")).to_have_attribute("data-state", "offline")
    await bo.add("written in a tunnel")
    await bo.sees_open("milk", "written in a tunnel")
    await expect(bo.page.locator("#state")).to_contain_text("1 change waits")
    await ann.add("bread", "eggs")
    # Another tab shows what the service has: hers are there before bo's arrive.
    tab = await ann.another_tab()
    await tab.open_list("Groceries")
    await tab.sees_open("milk", "bread", "eggs")
    await bo.context.set_offline(False)
    await bo.is_live()
    for visitor in (ann, bo):
        await visitor.sees_open("milk", "bread", "eggs", "written in a tunnel")
        await visitor.is_unharmed()


async def test_a_killed_replica_is_survived(browser: Browser, start_replica: StartReplica) -> None:
    """When the service dies under a page and returns, the page goes on by itself."""
    replica = await start_replica()
    ann, bo = await together(browser, replica.origin, "Groceries")
    await ann.add("before")
    await bo.sees_open("before")
    await replica.kill()
    await expect(bo.page.locator("#state")).not_to_have_attribute("data-state", "live")
    await bo.add("meanwhile")
    await replica.launch()
    for visitor in (ann, bo):
        await visitor.sees_open("before", "meanwhile")
        await visitor.is_live()


async def test_the_keyboard_does_everything(browser: Browser, origin: str) -> None:
    """Arrows walk, Alt moves, Enter renames, Space ticks, Delete deletes and can be undone."""
    ann = await Visitor.with_list(browser, origin, "Keys")
    await ann.add("one", "two", "three")
    keyboard = ann.page.keyboard
    await ann.todo("one").get_by_role("checkbox").focus()
    await keyboard.press("ArrowDown")
    await keyboard.press("Alt+ArrowUp")
    await ann.sees_open("two", "one", "three")
    await keyboard.press("Enter")
    await keyboard.type("second")
    await keyboard.press("Enter")
    await ann.sees_open("second", "one", "three")
    await keyboard.press("Space")
    await ann.sees_open("one", "three")
    await expect(ann.todo("one").get_by_role("checkbox")).to_be_focused()
    await keyboard.press("Delete")
    await ann.sees_open("three")
    await ann.toast.get_by_role("button", name="Undo").click()
    await ann.sees_open("one", "three")


async def test_a_dragged_todo_moves_for_everyone(browser: Browser, origin: str) -> None:
    """Dropping a todo elsewhere is a move that all see; Escape while dragging is none."""
    ann, bo = await together(browser, origin, "Order")
    await ann.add("one", "two", "three")
    await bo.sees_open("one", "two", "three")
    mouse = ann.page.mouse

    async def grab(title: str) -> None:
        await ann.todo(title).hover()
        await ann.todo(title).get_by_role("button", name="Move").hover()
        await mouse.down()
        box = await ann.todo("three").bounding_box()
        assert box is not None
        await mouse.move(box["x"] + 10, box["y"] + box["height"] - 2, steps=8)

    await grab("one")
    await mouse.up()
    await bo.sees_open("two", "three", "one")
    await grab("two")
    await ann.page.keyboard.press("Escape")
    await mouse.up()
    await ann.sees_open("two", "three", "one")


async def test_whoever_is_overwritten_is_told(browser: Browser, origin: str) -> None:
    """A title replaced by somebody who had not seen it is named, and can be put back."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk")
    await bo.sees_open("milk")
    await bo.todo("milk").get_by_role("button", name="Rename").click()
    await ann.todo("milk").get_by_role("button", name="Rename").click()
    await ann.page.keyboard.type("oat milk")
    await ann.page.keyboard.press("Enter")
    await bo.page.keyboard.type("soy milk")
    await expect(bo.todo("oat milk")).to_have_count(1)  # it arrived under the open editor
    await bo.page.keyboard.press("Enter")
    note = ann.toast.filter(has_text=f"{bo.username} replaced your title")
    await expect(note).to_contain_text("oat milk")
    await note.get_by_role("button", name="Use mine").click()
    await bo.sees_open("oat milk")


async def test_the_trash_gives_back(browser: Browser, origin: str) -> None:
    """A todo deleted before the page was opened is in the trash, and returns for everyone."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    await bo.sees_open("milk", "bread")
    await bo.page.reload()
    await ann.todo("milk").hover()
    await ann.todo("milk").get_by_role("button", name="Delete").click()
    await bo.has_list_open("Groceries")
    await bo.sees_open("bread")
    await bo.page.reload()
    await bo.sees_open("bread")
    await ann.page.get_by_role("button", name="Trash").click()
    await ann.page.get_by_role("button", name="Bring back: milk").click()
    # The other page has never seen it: its snapshot leaves the trash out.
    await bo.sees_open("milk", "bread")


async def test_whoever_is_removed_loses_the_list(browser: Browser, origin: str) -> None:
    """The list goes from the page of the person removed, who is told; a viewer may only look."""
    ann, bo = await together(browser, origin, "Secret plans")
    await ann.add("cake")
    await bo.sees_open("cake")
    await ann.page.get_by_role("button", name="Share", exact=True).click()
    role = ann.page.get_by_label(f"What {bo.username} may do")
    await role.select_option(label="views")
    await expect(bo.page.get_by_label("New todo")).to_be_hidden()
    await expect(bo.todo("cake").get_by_role("checkbox")).to_be_disabled()
    await role.select_option(label="Remove…")
    await ann.page.get_by_role("button", name="Remove", exact=True).click()
    await expect(bo.toast.filter(has_text="not shared with you any more")).to_be_visible()
    await bo.has_list_open("Inbox")
    await expect(bo.page.locator("#lists")).not_to_contain_text("Secret plans")


async def test_a_personal_message_arrives_and_is_read(browser: Browser, origin: str) -> None:
    """It shows as a notice and a count; reading it clears the count on other tabs, too."""
    ann, bo = await together(browser, origin, "Groceries")
    tab = await bo.another_tab()
    await tab.is_live()
    await ann.page.get_by_role("button", name="Messages").click()
    await ann.page.get_by_label("To", exact=True).fill(bo.username)
    await ann.page.get_by_label("Message", exact=True).fill("on my way")
    await ann.page.keyboard.press("Enter")
    await expect(bo.toast.filter(has_text="on my way")).to_be_visible()
    badge = tab.page.locator("#inbox-open .badge")
    await expect(badge).to_have_text("1")
    await bo.page.get_by_role("button", name="Messages").click()
    await expect(bo.page.locator("#letters .text")).to_have_text(["on my way"])
    await expect(badge).to_be_hidden()


async def test_a_reload_keeps_the_session_and_logging_out_ends_all_tabs(
    browser: Browser, origin: str
) -> None:
    """The cookie brings the session back to every tab; the door closes in all of them."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.page.reload()
    await ann.has_list_open("Groceries")
    tab = await ann.another_tab()
    await tab.is_live()
    assert await ann.page.evaluate("document.cookie + JSON.stringify({...localStorage})") == "{}"
    await tab.page.get_by_role("button", name="Log out").click()
    for visitor in (ann, tab):
        await expect(visitor.page.get_by_label("Password")).to_be_visible()
    await ann.page.reload()
    await expect(ann.page.get_by_label("Password")).to_be_visible()


async def test_a_refused_login_says_why(browser: Browser, origin: str) -> None:
    """The service's own words are shown, and the reader may try again."""
    ann = await Visitor.arrive(browser, origin)
    await ann.page.get_by_label("User name").fill("nobody-at-all")
    await ann.page.get_by_label("Password").fill("not the right one")
    await ann.page.get_by_role("button", name="Log in").click()
    await expect(ann.page.get_by_role("alert")).not_to_be_empty()
    await expect(ann.page.get_by_role("button", name="Log in")).to_be_enabled()


async def test_a_phone_shows_everything_without_sideways_scroll(
    browser: Browser, origin: str
) -> None:
    """At 390 px the door, the lists, a list with the longest titles and each panel fit."""
    ann = await Visitor.arrive(browser, origin, **PHONE)
    await expect(ann.page.get_by_label("Password")).to_be_visible()
    assert await ann.sideways() == 0
    ann = await Visitor.on_a_phone(browser, origin, "W" * 100)
    await ann.add("W" * 200, "wide " * 30, "milk")
    await expect(ann.open_titles).to_have_count(3)
    assert await ann.sideways() == 0
    for name in ("Share", "Talk", "Trash"):
        await ann.page.get_by_role("button", name=name, exact=True).click()
        await expect(ann.page.locator("#panel")).to_be_visible()
        assert await ann.sideways() == 0, name
        await ann.page.get_by_role("button", name="Close").click()
    await ann.todo("milk").get_by_role("button", name="Rename").tap()
    await ann.todo("milk").get_by_role("button", name="Delete").tap()
    await expect(ann.open_titles).to_have_count(2)
    await ann.page.get_by_role("link", name="All lists").click()
    await expect(ann.page.locator("#lists")).to_be_visible()
    assert await ann.sideways() == 0
    await ann.is_unharmed()
