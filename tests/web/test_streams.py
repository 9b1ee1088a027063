"""The page where no WebSocket comes through: it goes on over an HTTP stream."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.servers.ports import free_port
from tests.web.visitor import Visitor, together

STREAM = "**/connection/http_stream"


async def _without_sockets(visitor: Visitor) -> None:
    """Let no WebSocket of this page reach anything, and load it again."""
    await visitor.context.add_init_script(f"""
      window.WebSocket = new Proxy(WebSocket, {{
        construct: (Socket) => new Socket('ws://127.0.0.1:{free_port()}'),
      }});
    """)
    async with visitor.page.expect_request(STREAM):
        await visitor.page.reload()
    await visitor.is_live()


async def test_the_page_is_live_without_a_websocket(browser: Browser, origin: str) -> None:
    """Changes, who is here and who types go both ways; the policy has nothing to refuse."""
    ann, bo = await together(browser, origin, "Groceries")
    await _without_sockets(bo)
    await bo.has_list_open("Groceries")
    here = ann.page.get_by_role("list", name="Who is here").get_by_role("img")
    await expect(here).to_have_count(2)
    await ann.add("milk")
    await bo.sees_open("milk")
    await bo.page.get_by_label("New todo").click()
    await bo.page.keyboard.type("bread")
    await expect(ann.page.locator("#typing")).to_contain_text(f"{bo.username} is typing")
    await bo.page.keyboard.press("Enter")
    await ann.sees_open("milk", "bread")
    await bo.is_unharmed()
    await bo.leave()
    await expect(here).to_have_count(1)
    await ann.is_unharmed()


async def test_a_stream_that_was_offline_catches_up(browser: Browser, origin: str) -> None:
    """What was written meanwhile on either side is on both, in one order."""
    ann, bo = await together(browser, origin, "Groceries")
    await _without_sockets(bo)
    await bo.has_list_open("Groceries")
    await bo.context.set_offline(True)
    await expect(bo.page.locator("#state")).to_have_attribute("data-state", "offline")
    await bo.add("written in a tunnel")
    await ann.add("milk")
    # Another tab shows what the service has: hers is there before bo's arrives.
    tab = await ann.another_tab()
    await tab.open_list("Groceries")
    await tab.sees_open("milk")
    await bo.context.set_offline(False)
    await bo.is_live()
    for visitor in (ann, bo):
        await visitor.sees_open("milk", "written in a tunnel")
        await visitor.is_unharmed()
