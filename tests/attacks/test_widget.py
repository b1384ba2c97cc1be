"""Hostile text through the widget in a real browser: nothing that anyone writes becomes markup or runs."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from playwright.sync_api import Browser, expect

from hrss import conversations
from hrss.database import Database
from tests.conftest import RunningHall

CORPUS = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "<svg/onload=window.hacked=1>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<a href='javascript:window.hacked=1'>点我</a>",
    "javascript:window.hacked=1",
    "\"'><style>*{display:none}</style>",
    "<math><mtext></p><img src=x onerror=window.hacked=1>",
    "<input autofocus onfocus=window.hacked=1>",
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "${window.hacked=1}{{constructor.constructor('window.hacked=1')()}}",
    "</article><script>window.hacked=1</script>",
    "[点我](javascript:window.hacked=1)",
    "\u202e<gnp.1=dekcah.wodniw=rorreno gmi>",
)


def test_hostile_text_of_the_bot_of_staff_and_on_buttons_stays_text(
    hall: RunningHall, browser: Browser
) -> None:
    page = browser.new_page(locale="zh-CN")
    opened: list[str] = []
    page.on("response", lambda answer: opened.append(answer.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    with page.expect_response("**/session") as session:
        page.goto(f"{hall.web}/demo/")
        page.get_by_role("button", name="在线咨询").click()
    conversation = session.value.json()["session"]
    expect(page.get_by_role("log").get_by_role("article").first).to_be_visible()

    database = Database(hall.database_url)
    for author in ("bot", "staff"):
        with database.transaction() as records:
            conversations.say(
                records,
                conversation,
                author=author,
                messages=[
                    {
                        "kind": "text",
                        "text": text,
                        "lead": text,
                        "note": text,
                        "steps": [text],
                        "entry": dict.fromkeys(
                            ("id", "version", "number", "question", "source", "owner", "valid_from"), text
                        ),
                        "options": [{"id": f"{author}{number}", "label": text, "payload": "/menu"}],
                    }
                    for number, text in enumerate(CORPUS)
                ],
                now=datetime.now(timezone.utc),
            )
    database.close()
    page.reload()
    if page.get_by_role("button", name="在线咨询").is_visible():
        page.get_by_role("button", name="在线咨询").click()
    expect(page.get_by_role("log")).to_contain_text("</article><script>window.hacked=1</script>")
    page.wait_for_timeout(300)

    assert page.evaluate("window.hacked") is None
    inside = "document.querySelector('hrss-chat').shadowRoot"
    for tag in ("script", "iframe", "math", "img[src=x]", "[onerror]", "[onload]", "a[href^=javascript]"):
        assert page.evaluate(f"{inside}?.querySelectorAll('{tag}').length ?? 0") == 0, tag
        assert page.evaluate(f"document.querySelectorAll('{tag}:not(head *)').length") in (0, 1), tag
    assert not [url for url in opened if not url.startswith(hall.origin)]
    page.close()
