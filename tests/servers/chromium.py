"""The installed Chromium, driven through Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.servers.missing import program

_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # root in a container has no user namespaces to build one from
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # Nothing but the page under test talks to anything.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Give a running browser; it and its pages are closed in the end."""
    executable = program("chromium", "chromium-browser", "google-chrome", package="chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()
