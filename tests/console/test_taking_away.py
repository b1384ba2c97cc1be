"""Exports, saved filters, the audit trail, the overview: what pages say is what the records hold."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta

import openpyxl
import pytest
from flask import Flask

from hrss import conversations, staff
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import AuditEntry
from tests.console.staff_browser import PASSWORD, USERNAME, Browser
from tests.console.test_conversation_pages import talk

FORMULAS = ('=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1", "＝1", " =1")


@pytest.fixture
def auditor(app: Flask, database: Database, now: datetime) -> Browser:
    with database.transaction() as session:
        staff.add(session, "watcher", "审计员甲", Role.AUDITOR, PASSWORD, now)
    browser = Browser(app.test_client())
    browser.sign_in("watcher")
    return browser


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_holds_what_the_filter_shows_and_no_formula(
    colleague: Browser, database: Database, now: datetime, kind: str
) -> None:
    with database.transaction() as session:
        wanted = [talk(session, said, now, province="hn", decision="none") for said in FORMULAS]
        talk(session, "别的省", now, province="gd")

    response = colleague.get(f"/conversations/export.{kind}?province=hn")

    assert response.status_code == 200
    assert f".{kind}" in response.headers["Content-Disposition"]
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))
    else:
        [sheet] = openpyxl.load_workbook(io.BytesIO(response.data), read_only=True)
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert rows[0][0] == "会话编号"
    # An id may begin with a hyphen, which a spreadsheet would take for a minus.
    assert {str(row[0]).removeprefix("'") for row in rows[1:]} == set(wanted)
    assert all(str(row[5]).startswith("'") for row in rows[1:])
    with database.reading() as session:
        [entry] = session.query(AuditEntry).filter_by(did="conversations.exported")
    assert (entry.staff, entry.facts) == (USERNAME, {"kind": kind, "filter": "province=hn"})


def test_a_filter_is_saved_found_again_and_forgotten(colleague: Browser) -> None:
    page = colleague.get("/conversations?province=hn&fallback=yes").text
    assert "保存条件" in page
    colleague.post(
        "/conversations/filters",
        form_on="/conversations?province=hn",
        province="hn",
        fallback="yes",
        name="河南没答上",
    )

    page = colleague.get("/conversations").text
    assert 'href="/conversations?fallback=yes&amp;province=hn"' in page
    assert "河南没答上" in page
    colleague.post("/conversations/filters/forget", form_on="/account", name="河南没答上")
    assert "河南没答上" not in colleague.get("/conversations").text


def test_the_auditor_sees_who_looked_once_a_look_and_takes_it_away(
    colleague: Browser, auditor: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        conversation_id = talk(session, "怎么登录", now)
    for _ in range(3):
        colleague.get(f"/conversations/{conversation_id}")

    page = auditor.get(f"/audit?did=conversation.seen&staff={USERNAME}&about={conversation_id}").text
    assert page.count(f'<span class="code">{conversation_id}') == 1
    rows = list(
        csv.reader(
            io.StringIO(auditor.get("/audit/export.csv?did=conversation.seen").data.decode("utf-8-sig"))
        )
    )
    assert [row[2:6] for row in rows[1:]] == [
        [USERNAME, "conversation.seen", "conversation", conversation_id]
    ]
    for query in ("since=x", "subject=x", "before=x"):
        assert auditor.get(f"/audit?{query}").status_code == 400


def test_the_overview_counts_what_was_said_and_leads_to_it(
    colleague: Browser, auditor: Browser, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        for decision, times in (("answer", 3), ("none", 1)):
            for _ in range(times):
                entry = {"entry": "gd.bind.confirm"} if decision == "answer" else {}
                conversation_id = talk(session, "怎么绑定", now, decision=decision, **entry)
        conversations.rate(session, conversation_id, 2, helpful=False, reason=None, now=now)
        talk(session, "前一天", now - timedelta(days=1), decision="chat", channel="wechat")

    day = "first=2026-11-02&last=2026-11-02"
    page = colleague.get(f"/overview?{day}").text
    assert "11-02 直接回答 3 轮" in page
    assert "11-02 不在范围 1 轮" in page
    assert "25.0%" in page
    assert (
        'asked_since=2026-11-02&amp;asked_until=2026-11-02&amp;entry=gd.bind.confirm&amp;decision=answer"'
        in page
    )
    assert "前一天" not in colleague.get("/conversations?since=2026-11-02&until=2026-11-02").text
    assert "日常对话 1 轮" in colleague.get("/overview?first=2026-11-01&last=2026-11-02&channel=wechat").text
    assert 'href="/conversations' not in auditor.get(f"/overview?{day}").text
    for query in ("first=x", "first=2026-11-03&last=2026-11-02", "last=0001-01-01"):
        assert colleague.get(f"/overview?{query}").status_code == 400


def test_a_minute_of_the_last_activity_bounds_the_list(
    colleague: Browser, database: Database, now: datetime, app: Flask
) -> None:
    with database.transaction() as session:
        ids = [talk(session, "怎么登录", now + timedelta(minutes=minute)) for minute in range(4)]

    shown: Callable[[str], str] = lambda query: colleague.get(f"/conversations?{query}").text  # noqa: E731
    page = shown("since=2026-11-02T17:31&until=2026-11-02T17:32")
    assert [conversation_id in page for conversation_id in ids] == [False, True, True, False]
