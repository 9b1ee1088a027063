"""Make the pictures of the page in docs/images: ``python -m tests.web.pictures ORIGIN``.

ORIGIN is a fresh embedded service (``LOCKSTEP_RATE_LIMITS=off lockstep serve``), on which three
people and their lists are made. Afterwards: ``pngquant 160 --force --ext .png docs/images/*.png``.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, expect

from tests.servers.chromium import chromium
from tests.servers.person import PASSWORD
from tests.web.visitor import PHONE, Visitor

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 760}, "device_scale_factor": 1.5}
SMALL: dict[str, Any] = PHONE | {
    "viewport": {"width": 390, "height": 660},
    "device_scale_factor": 2,
    "color_scheme": "dark",
}
ANN, BO, MARA = PEOPLE = ("ann.lindqvist", "bo.okafor", "mara.silva")

# Each todo: its title, what is known of it, and the titles of what it waits for.
Todos = dict[str, tuple[dict[str, Any], tuple[str, ...]]]
LISTS: dict[str, Todos] = {
    "House move": {
        "Measure every room": ({"priority": "high", "due": 20, "labels": ["planning"]}, ()),
        "Paint the walls": ({}, ("Measure every room",)),
        "Lay the floor": ({"due": 92, "assignees": [BO]}, ("Paint the walls",)),
        "Put up the shelves": ({}, ("Lay the floor",)),
        "Book the van": ({"due": 48, "assignees": [ANN]}, ()),
        "Pack the kitchen": ({"priority": "medium"}, ()),
        "Move in": (
            {"assignees": [MARA]},
            ("Lay the floor", "Book the van", "Pack the kitchen"),
        ),
    },
    "Autumn release": {
        "Write the release notes": ({"due": -3, "assignees": [ANN]}, ()),
        "Tag the release": ({"assignees": [BO]}, ("Write the release notes",)),
        "Tell everyone": ({"assignees": [MARA]}, ("Tag the release",)),
    },
    "Sunday dinner": {
        "Sourdough from the corner bakery": ({}, ()),
        "Tomatoes, the small sweet ones": ({}, ()),
        "Basil and a lemon": ({}, ()),
        "Coffee beans": ({}, ()),
        "Ask Mara what she would like": ({}, ()),
        "Flowers for the table": ({"priority": "medium", "due": 30}, ()),
        "Book the big table": ({}, ()),
        "Ice cream": ({}, ()),
    },
}


class Account:
    """Hold somebody's account, and act through the HTTP interface."""

    def __init__(self, client: httpx.AsyncClient, username: str) -> None:
        """Take the client of the service; :meth:`enter` makes the account."""
        self.client = client
        self.username = username
        self.token = ""

    async def enter(self) -> None:
        """Make the account and log in."""
        body = {"username": self.username, "password": PASSWORD}
        await self.call("POST", "/auth/register", body)
        self.token = (await self.call("POST", "/auth/login", body))["access_token"]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call a route and give its answer; raises httpx.HTTPStatusError when it is refused."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()

    async def make(self, title: str, todos: Todos) -> dict[str, str]:
        """Make a list shared with all, and its todos; give their ids by title."""
        made = (await self.call("POST", "/lists", {"title": title}))["list"]["id"]
        for other in PEOPLE:
            if other != self.username:
                await self.call("PUT", f"/lists/{made}/members/{other}", {"role": "editor"})
        ids = {"": made} | {title: str(uuid.uuid4()) for title in todos}
        for name, (facts, waits_for) in todos.items():
            known = dict(facts)
            if "due" in known:
                due = datetime.now(UTC) + timedelta(hours=known.pop("due"))
                known["due_at"] = due.isoformat().replace("+00:00", "Z")
            known |= {"id": ids[name], "title": name, "blocked_by": [ids[one] for one in waits_for]}
            await self.call("POST", f"/lists/{made}/todos", known)
        return ids


async def enter(browser: Browser, origin: str, name: str, **context: Any) -> Visitor:
    """Come through the door as somebody who has an account."""
    visitor = await Visitor.arrive(browser, origin, **context)
    await visitor.page.get_by_label("User name").fill(name)
    await visitor.page.get_by_label("Password").fill(PASSWORD)
    await visitor.page.get_by_role("button", name="Log in").click()
    await visitor.is_live()
    return visitor


async def picture(visitor: Visitor, name: str) -> None:
    """Write what the visitor sees."""
    await visitor.page.screenshot(path=IMAGES / f"{name}.png")


async def main(origin: str) -> None:
    """Make everything and take the three pictures."""
    async with httpx.AsyncClient(base_url=origin) as client, chromium() as browser:
        ann, bo, mara = accounts = [Account(client, name) for name in PEOPLE]
        for account in accounts:
            await account.enter()
        ids = {title: await ann.make(title, todos) for title, todos in LISTS.items()}
        dinner = ids["Sunday dinner"]
        for account, done in ((mara, "Ice cream"), (bo, "Book the big table")):
            await account.call("PATCH", f"/todos/{dinner[done]}", {"completed": True})
        talk = f"/lists/{dinner['']}/messages"
        await ann.call("POST", talk, {"text": "I am at the market in ten minutes"})
        await bo.call("POST", talk, {"text": "Great, take the big bag"})
        await mara.call("POST", talk, {"text": "And I bring the ice cream"})

        here = [await enter(browser, origin, name, **DESKTOP) for name in PEOPLE]
        desk = here[0]
        for visitor in here:
            await visitor.open_list("House move")
        await expect(desk.page.locator("#here li")).to_have_count(3)
        await desk.open_panel("What to do next")
        await expect(desk.page.locator("#next li.advice").nth(5)).to_be_visible()
        await desk.page.mouse.move(700, 740)
        await desk.page.wait_for_timeout(1_000)  # what glides and fades is still
        await picture(desk, "next")

        for visitor in here:
            await visitor.open_list("Sunday dinner")
        await expect(desk.page.locator("#here li")).to_have_count(3)
        await desk.page.locator("#done-group summary").click()
        await desk.open_panel("Talk")
        await expect(desk.page.locator("#talk .said")).to_have_count(3)
        phone = await enter(browser, origin, ANN, **SMALL)
        await phone.page.goto(f"{origin}/#/lists/{dinner['']}")
        await phone.has_list_open("Sunday dinner")
        await phone.page.locator("#done-group summary").click()
        await expect(phone.page.locator("#here li")).to_have_count(3)
        await desk.page.mouse.move(700, 740)
        await desk.page.wait_for_timeout(2_500)
        for title, name in (
            ("Tomatoes and mozzarella", "phone"),
            ("Basil and a lemon, two bunches", "page"),
        ):
            await here[1].page.get_by_label("New todo").press_sequentially("Bread")
            await expect(desk.page.locator("#typing")).to_contain_text("typing")
            which = "Tomatoes, the small sweet ones" if name == "phone" else "Basil and a lemon"
            await mara.call("PATCH", f"/todos/{dinner[which]}", {"title": title})
            shown = phone if name == "phone" else desk
            await expect(shown.page.locator(".todo.flash")).to_have_count(1)
            await picture(shown, name)
            await here[1].page.get_by_label("New todo").fill("")
            await desk.page.wait_for_timeout(5_000)  # a typist is believed for that long


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
