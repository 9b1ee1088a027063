"""Tests of a title that is being written while other things happen: its words are never lost."""

from __future__ import annotations

from playwright.async_api import Browser, Locator, expect

from tests.web.visitor import Visitor, together


async def _begin(ann: Visitor, title: str, words: str) -> Locator:
    """Open the title of a todo, write something else into it, and give the field."""
    await ann.todo(title).locator(".title").click()
    field = ann.page.locator(".title-editor")
    await field.fill(words)
    return field


async def _on_another_phone(ann: Visitor, title: str) -> Visitor:
    """Open a list once more on a phone: what it shows is what the service has."""
    tab = await ann.another_tab()
    await tab.page.get_by_role("link", name="All lists").click()
    await tab.open_list(title)
    return tab


async def test_an_open_title_outlasts_what_others_do_with_its_todo(
    browser: Browser, origin: str
) -> None:
    """Moved, ticked, renamed: half a title is not saved, and what follows is written on."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk", "bread", "eggs")
    await bo.sees_open("milk", "bread", "eggs")
    field = await _begin(ann, "eggs", "six e")
    await bo.todo("eggs").get_by_role("checkbox").focus()
    await bo.page.keyboard.press("Alt+ArrowUp")
    await ann.sees_open("milk", "eggs", "bread")
    await bo.page.keyboard.press("Alt+ArrowUp")
    await ann.sees_open("eggs", "milk", "bread")
    await expect(field).to_be_focused()
    await bo.todo("eggs").get_by_role("checkbox").click()
    await bo.add("soap")
    # The row stays under the hands until it is done with, ticked though it is.
    await ann.sees_open("eggs", "milk", "bread", "soap")
    await expect(ann.page.locator("#open .tick").first).to_be_checked()
    await expect(field).to_be_focused()
    await ann.page.keyboard.press("End")
    await ann.page.keyboard.type("ggs")
    await ann.page.keyboard.press("Enter")
    await ann.sees_open("milk", "bread", "soap")
    await expect(bo.page.locator("#done .title")).to_have_text(["six eggs"], use_inner_text=False)
    await expect(ann.todo("milk").get_by_role("checkbox")).to_be_focused()
    for visitor in (ann, bo):
        await visitor.is_unharmed()


async def test_the_words_for_a_todo_that_is_deleted_meanwhile_are_given_back(
    browser: Browser, origin: str
) -> None:
    """A notice that stays has them; nothing else breaks."""
    ann, bo = await together(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    await bo.sees_open("milk", "bread")
    await _begin(ann, "milk", "two litres of milk")
    await bo.todo("milk").hover()
    await bo.todo("milk").get_by_role("button", name="Delete").click()
    await ann.sees_open("bread")
    notice = ann.toast.filter(has_text="Not saved: two litres of milk. The todo was deleted")
    await expect(notice).to_be_visible()
    await ann.is_unharmed()


async def test_a_title_is_saved_into_the_list_that_is_left(browser: Browser, origin: str) -> None:
    """Going back with a title open keeps it, on a phone and elsewhere."""
    ann = await Visitor.on_a_phone(browser, origin, "Groceries")
    await ann.add("milk")
    await ann.sees_open("milk")
    await _begin(ann, "milk", "oat milk")
    await ann.page.go_back()
    await expect(ann.page.locator("#lists")).to_be_visible()
    tab = await _on_another_phone(ann, "Groceries")
    await tab.sees_open("oat milk")
    await ann.is_unharmed()


async def test_the_name_of_a_list_is_saved_into_that_list(browser: Browser, origin: str) -> None:
    """Going back while it is written names the list that is left, never the one that opens."""
    ann = await Visitor.with_list(browser, origin, "Groceries")
    await ann.page.locator("#list-title").click()
    await ann.page.locator(".title-editor").fill("Food")
    await ann.page.go_back()
    await ann.has_list_open("Inbox")
    await expect(ann.page.locator(".title-editor")).to_have_count(0)
    await expect(ann.page.locator("#lists").get_by_role("link", name="Food")).to_be_visible()
    tab = await ann.another_tab()
    await tab.open_list("Food")
    await ann.is_unharmed()


async def test_a_deletion_can_be_undone_after_its_list_is_left(
    browser: Browser, origin: str
) -> None:
    """The notice goes along between the screens of a phone, and so does what it does."""
    ann = await Visitor.on_a_phone(browser, origin, "Groceries")
    await ann.add("milk", "bread")
    await ann.sees_open("milk", "bread")
    await ann.todo("milk").locator(".title").click()
    await ann.todo("milk").get_by_role("button", name="Delete").click()
    await ann.page.get_by_role("link", name="All lists").click()
    await ann.toast.get_by_role("button", name="Undo").click()
    await ann.page.locator("#lists").get_by_role("link", name="Groceries").click()
    await ann.has_list_open("Groceries")
    await ann.sees_open("milk", "bread")
    tab = await _on_another_phone(ann, "Groceries")
    await tab.sees_open("milk", "bread")
    await ann.is_unharmed()
