"""The console in a real browser, over the running bot."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page

from tests.bot.accessibility import FAULTS
from tests.conftest import ROOT

SCREENSHOTS = ROOT / "var" / "screenshots"


def is_complaint(said: ConsoleMessage) -> bool:
    """What the browser finds wrong with a page; that the server refused something is meant."""
    return said.type == "error" and "Failed to load resource" not in said.text


# The same questions as to the widget, put to a whole page; what a widget of touch targets and one log must fulfil is left out.
PAGE_FAULTS = FAULTS.replace("document.querySelector('hrss-chat').shadowRoot", "document").replace(
    "const named = each => ", "const named = each => each.querySelector('img[alt]') || "
)
OF_THE_WIDGET = ("no log", "a target of", "small text in large mode")


def faults(page: Page) -> list[str]:
    """What is wrong for those who cannot see the page, or see it badly: names, references, contrast."""
    return [fault for fault in page.evaluate(PAGE_FAULTS) if not fault.startswith(OF_THE_WIDGET)]


def picture(page: Page, name: str) -> None:
    """Keep what is seen, wide and narrow; nothing may be wider than the window, nameless or too pale."""
    found = faults(page)
    assert not found, f"{name}: {found}"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=SCREENSHOTS / f"console-{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
    page.set_viewport_size({"width": 1280, "height": 800})
