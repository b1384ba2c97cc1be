"""What axe-core, the engine that auditors use, finds wrong with a page as it is shown now; in shadow trees, too."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# WCAG 2.2 AA with all that it is built on, and the engine's own advice beyond it.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")

# What fades in has less contrast on its way than at its end, which is what a person reads.
ARRIVED = """
() => {
  const trees = [document, ...[...document.querySelectorAll('*')].map(each => each.shadowRoot).filter(Boolean)];
  const moving = trees.flatMap(tree => tree.getAnimations());
  const ending = moving.filter(each => Number.isFinite(each.effect.getComputedTiming().endTime));
  return Promise.allSettled(ending.map(each => each.finished));
}
"""


def violations(page: Page, within: str | None = None, *, without: tuple[str, ...] = ()) -> list[str]:
    """
    Return one line for every element at fault: the rule, where, and why.

    `within` is a selector of what is asked about, `without` names rules that mean nothing there.
    """
    # Without `preload` it leaves the page's stylesheets alone: fetching them anew would break a strict policy.
    options: dict[str, Any] = {
        "preload": False,
        "resultTypes": ["violations"],
        "runOnly": {"type": "tag", "values": list(RULES)},
    }
    options["rules"] = {rule: {"enabled": False} for rule in without}
    page.evaluate(ARRIVED)
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{rule['id']}: {_place(node['target'])}: {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"]
    ]


def _place(target: list[str | list[str]]) -> str:
    """Write a path of selectors, from the page into its shadow trees."""
    return " » ".join(each if isinstance(each, str) else " » ".join(each) for each in target)
