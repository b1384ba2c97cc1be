"""
`python -m benchmarks.launcher`: what the closed widget costs a page on a slow phone, in milliseconds of its main thread.

Chromium loads an empty page, and the same page with the two tags of the widget; the difference of the processor time of
their main threads is the widget's, and a phone is taken to be four times slower (DevTools' middle one). Processor time,
because what else the machine does would count otherwise. No bot is needed: nothing is asked of one before the window opens.
The budget is 100 ms.

    --runs N    of each page, in turns (9); the middle one counts
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from mimetypes import guess_type
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bot.channels.web import pages

STATIC = Path(pages.__file__).parent / "static"
ORIGIN = "http://hall.test/"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SLOWER, PHONE = 4, {"width": 390, "height": 844}
SETTLED_MS = 1000  # after its styles have come: it is painted, and what it still does counts, too
TAGS = f'<script type="module" src="{ORIGIN}hrss-chat.js"></script><hrss-chat province="gd"></hrss-chat>'
PARTS = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    wanted = parser.parse_args(given)
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        print(
            "There is no Chromium: run `make browser`, or set CHROMIUM to the path of one.", file=sys.stderr
        )
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        measured = [(_milliseconds(browser, ""), _milliseconds(browser, TAGS)) for _ in range(wanted.runs)]
        browser.close()
    print(f"processor time of the main thread, times {SLOWER}, middle of {wanted.runs} runs:")
    for part in PARTS:
        empty, widget = (statistics.median(run[which][part] for run in measured) for which in (0, 1))
        print(
            f"  {part:20} {empty:7.1f} ms empty page  {widget:7.1f} ms with the widget  {widget - empty:7.1f} ms more"
        )
    return 0


def _milliseconds(browser: Browser, tags: str) -> dict[str, float]:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.route(f"{ORIGIN}**", lambda route: _serve(route, tags))
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    with (
        _styles(page) if tags else nullcontext()
    ):  # to look for it in the page would be work of the main thread
        page.goto(ORIGIN)
    page.wait_for_timeout(SETTLED_MS)
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    if tags and not page.get_by_role("button", name="在线咨询").is_visible():
        raise SystemExit("The launcher did not come.")
    context.close()
    return {each["name"]: each["value"] * 1000 * SLOWER for each in metrics if each["name"] in PARTS}


def _styles(page: Page) -> AbstractContextManager[object]:
    return page.expect_request_finished(lambda request: request.url.endswith(".css"))


def _serve(route: Route, tags: str) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if not path:
        html = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>Hall</title><p>Hall</p>{tags}'
        route.fulfill(body=html, content_type="text/html; charset=utf-8")
    elif (STATIC / path).is_file():
        kind = guess_type(path)[0] or "application/octet-stream"
        route.fulfill(body=pages.served(STATIC / path).plain, content_type=kind)
    else:
        route.fulfill(status=404)


if __name__ == "__main__":
    sys.exit(main())
