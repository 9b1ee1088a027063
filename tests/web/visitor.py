"""One person in front of the page, in a browser context of their own."""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.servers.person import PASSWORD

__all__ = ["NASTY", "PHONE", "Visitor", "together"]

# A page that lost its service asks again after at most 5 s, and a busy machine takes its time.
expect.set_options(timeout=20_000)

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}

# What would be an element, and a script, if a title were ever taken for markup.
NASTY = "<img src=x onerror=alert(1)>"

_WATCH = """
  window.violations = [];
  addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
"""

# Done when the page would let itself be left: it asks while a change is unanswered.
_SAVED = """async () => {
  while (!dispatchEvent(new Event('beforeunload', { cancelable: true }))) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}"""


@dataclass
class Visitor:
    """Hold a page and what went wrong on it: uncaught errors, and dialogs a script opened."""

    context: BrowserContext
    page: Page
    origin: str
    username: str = ""
    mishaps: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(cls, browser: Browser, origin: str, **context: Any) -> Visitor:
        """Open the page in a context of its own, logged out."""
        made = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context)
        made.set_default_timeout(20_000)
        await made.add_init_script(_WATCH)
        visitor = cls(made, await made.new_page(), origin)
        visitor._watch(visitor.page)
        await visitor.page.goto(origin)
        return visitor

    @classmethod
    async def register(cls, browser: Browser, origin: str, name: str, **context: Any) -> Visitor:
        """Open the page and make an account whose username begins with ``name``."""
        visitor = await cls.arrive(browser, origin, **context)
        await visitor.make_account(name)
        return visitor

    @classmethod
    async def on_a_phone(cls, browser: Browser, origin: str, title: str) -> Visitor:
        """Make an account on a phone, and a list in it, which then is open."""
        visitor = await cls.register(browser, origin, "ann", **PHONE)
        await visitor.page.get_by_role("link", name="All lists").click()
        await visitor.make_list(title)
        return visitor

    @classmethod
    async def with_list(cls, browser: Browser, origin: str, title: str) -> Visitor:
        """Make an account, and a list in it, which then is open."""
        visitor = await cls.register(browser, origin, "ann")
        await visitor.make_list(title)
        return visitor

    async def another_tab(self) -> Visitor:
        """Open the page once more, in the same browser profile."""
        tab = Visitor(self.context, await self.context.new_page(), self.origin, self.username)
        tab._watch(tab.page)
        await tab.page.goto(self.origin)
        return tab

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.mishaps.append(str(error)))

        async def dismiss(dialog: Any) -> None:
            self.mishaps.append(f"dialog: {dialog.message}")
            await dialog.dismiss()

        page.on("dialog", dismiss)

    # What the person sees

    def todo(self, title: str) -> Locator:
        """Find the row of a todo, open or done."""
        tick = self.page.get_by_role("checkbox", name=title, exact=True)
        return self.page.locator(".todo").filter(has=tick)

    @property
    def open_titles(self) -> Locator:
        """Find the titles of what is to do, in order."""
        return self.page.locator("#open .title")

    @property
    def toast(self) -> Locator:
        """Find the notices at the edge of the page."""
        return self.page.locator(".toast")

    async def is_live(self) -> None:
        """Wait until the page says so."""
        await expect(self.page.locator("#state")).to_have_attribute("data-state", "live")

    async def sees_open(self, *titles: str) -> None:
        """Wait until exactly these todos are open, in this order."""
        await expect(self.open_titles).to_have_text(list(titles))

    async def has_saved_all(self) -> None:
        """Wait until no change is unanswered, so that the page may be left without a question."""
        async with asyncio.timeout(20):
            await self.page.evaluate(_SAVED)

    async def is_unharmed(self) -> None:
        """Check that no script failed and the security policy had nothing to refuse."""
        assert self.mishaps == []
        assert await self.page.evaluate("window.violations") == []

    async def sideways(self) -> int:
        """Give by how many pixels the page is wider than the screen."""
        return int(
            await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        ) + int(
            await self.page.evaluate(
                "Math.max(0, ...['#board', '.side', '#panel'].map((one) => {"
                " const box = document.querySelector(one);"
                " return box.scrollWidth - box.clientWidth; }))"
            )
        )

    # What the person does

    async def make_account(self, name: str) -> None:
        """Make an account whose username begins with ``name``, at the door."""
        self.username = f"{name}-{uuid.uuid4().hex[:8]}"
        await self.page.get_by_role("tab", name="New account").click()
        await self.page.get_by_label("User name").fill(self.username)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Make my account").click()
        await self.is_live()

    async def make_list(self, title: str) -> None:
        """Make a list, which then is open."""
        await self.page.get_by_label("Name of a new list").fill(title)
        await self.page.keyboard.press("Enter")
        await self.has_list_open(title)

    async def open_list(self, title: str) -> None:
        """Open a list by its name at the side."""
        await self.page.locator("#lists").get_by_role("link", name=title).click()
        await self.has_list_open(title)

    async def has_list_open(self, title: str) -> None:
        """Wait until this list is open and its todos may be changed or are shown."""
        await expect(self.page.locator("#list-title")).to_have_text(title)
        await expect(self.page.locator("#board")).not_to_have_class(re.compile(r"\bbusy\b"))

    async def add(self, *titles: str) -> None:
        """Write todos into the open list."""
        for title in titles:
            await self.page.get_by_label("New todo").fill(title)
            await self.page.keyboard.press("Enter")

    async def open_panel(self, name: str) -> Locator:
        """Open a panel by its button's name, and give it."""
        await self.page.get_by_role("button", name=name, exact=True).click()
        panel = self.page.locator("#panel")
        await expect(panel).to_be_visible()
        return panel

    async def share_with(self, other: Visitor, role: str = "edit") -> None:
        """Share the open list by name, and close the panel."""
        panel = await self.open_panel("Share")
        await panel.get_by_label("User name").fill(other.username)
        await panel.get_by_label("May").select_option(label=role)
        await panel.get_by_role("button", name="Share this list").click()
        await expect(self.page.locator("#members")).to_contain_text(other.username)
        await self.page.keyboard.press("Escape")

    async def accept(self, title: str) -> None:
        """Open the list that somebody has just shared, from the notice about it."""
        notice = self.toast.filter(has_text=f"shared {title} with you")
        await notice.get_by_role("button", name="Open").click()
        await self.has_list_open(title)

    async def leave(self) -> None:
        """Close all tabs."""
        await self.context.close()


async def together(browser: Browser, origin: str, title: str) -> tuple[Visitor, Visitor]:
    """Give two people who have the same list open, the first one its owner."""
    ann, bo = await asyncio.gather(
        Visitor.register(browser, origin, "ann"), Visitor.register(browser, origin, "bo")
    )
    await ann.make_list(title)
    await ann.share_with(bo)
    await bo.accept(title)
    return ann, bo
