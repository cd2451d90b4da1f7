"""What every page must be, whoever looks at it."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE

_SCRIPT = Axe().axe_script
_SERIOUS = """axe.run({resultTypes: ["violations"]}).then(found => found.violations
  .filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => [each.id, ...each.nodes.map(node => node.html)]))"""


def is_accessible(page: Page) -> None:
    """Nothing that axe calls serious or critical, and no page wider than its window.

    A click ends as soon as the next page has begun, when there may be no element of it yet to judge.
    """
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    assert page.evaluate(_SERIOUS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def looks_well(page: Page) -> None:
    """So in a wide window in the light, and in a narrow one in the dark: each width and each scheme once."""
    before = page.viewport_size
    page.set_viewport_size(DESKTOP)
    is_accessible(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    is_accessible(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(before or DESKTOP)
