"""Windows that a page opens."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def window_opened_by(page: Page, button: Locator) -> Page:
    """Press the button once the page's script is there: before that it leads on in the same window, as without a script."""
    button.wait_for()
    page.wait_for_load_state()
    with page.expect_popup() as opened:
        button.click()
    return opened.value
