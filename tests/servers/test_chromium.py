"""Tests of the browser that the tests use."""

from __future__ import annotations

from playwright.async_api import Browser


async def test_a_page_runs_its_script(browser: Browser) -> None:
    """The browser is a real one."""
    page = await browser.new_page()
    await page.set_content("<p id=here></p><script>here.textContent = 6 * 7</script>")

    assert await page.inner_text("#here") == "42"
