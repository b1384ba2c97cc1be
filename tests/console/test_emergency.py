"""In an emergency: a rise becomes a notice that two people answer for, everyone hears it; services are closed and opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from hrss import books, bulletins, closures, staff
from hrss.closures import Closable
from hrss.database import Database
from hrss.staff import Role
from tests.bot.test_browser import Chat, context, new_chat  # noqa: F401
from tests.console.office import picture
from tests.console.staff_browser import Browser
from tests.console.test_conversation_pages import talk

ENTRY, QUESTION = "gd.error.wrong_password", "登录时提示密码错误怎么办"
BOSS = "boss"


@pytest.fixture
def boss(app: Flask, database: Database) -> Browser:
    with database.transaction() as session:
        staff.add(
            session,
            BOSS,
            "王主任",
            Role.ADMINISTRATOR,
            "a-long-enough-passphrase",
            datetime.now(timezone.utc),
        )
    browser = Browser(app.test_client())
    assert browser.sign_in(BOSS, "a-long-enough-passphrase").status_code == 302
    return browser


def test_a_sudden_rise_becomes_a_notice_with_its_reason(
    colleague: Browser, boss: Browser, database: Database
) -> None:
    now = datetime.now(timezone.utc)
    with database.transaction() as session:
        body = {"question": QUESTION, "province": "gd", "answer": "…"}
        books.publish(session, {ENTRY: body}, note="", now=now)
        for _ in range(7):
            talk(
                session,
                "密码错误",
                now - timedelta(hours=1),
                decision="answer",
                stage="error_message",
                entry=ENTRY,
            )

    page = colleague.get(f"/emergency?rise=error_message&entry={ENTRY}").text
    assert "报错：近 3 小时 7 次，之前两周平均每 3 小时 0.0 次" in page
    assert f"目前很多人反映“{QUESTION}”，工作人员正在核实处理" in page, "a draft to be changed"
    assert f'<option value="{ENTRY}" selected>' in page
    until = f"{now + timedelta(hours=10):%Y-%m-%dT%H:%M}"  # of Beijing: in two hours
    given = {"text": "密码服务故障，正在抢修。", "until": until, "about": ENTRY, "province": "gd"}
    alarm = {"rise_about": "error_message", "rise_entry": ENTRY}
    refused = colleague.post("/emergency/notices", "/emergency", **{**given, "until": "2020-01-01T00:00"})
    assert (refused.status_code, "请核对起止时间" in refused.text, given["text"] in refused.text) == (
        409,
        True,
        True,
    )
    assert colleague.post("/emergency/notices", "/emergency", **given, **alarm).status_code == 302
    assert colleague.post("/emergency/notices/1/approve", "/emergency").status_code == 409
    assert boss.post("/emergency/notices/1/approve", "/emergency").status_code == 302

    with database.reading() as session:
        [standing] = bulletins.standing(session, datetime.now(timezone.utc))
    assert (standing.text, standing.approved_by, standing.alarm["times"]) == (given["text"], BOSS, 7)
    assert "起因：报错：近 3 小时 7 次" in boss.get("/emergency").text
    assert boss.post("/emergency/notices/1/end", "/emergency").status_code == 302
    assert "已撤下：boss" in boss.get("/emergency").text
    assert boss.post("/emergency/notices/1/end", "/emergency").status_code == 409, "by a second click"


def test_an_administrator_closes_and_opens_with_a_reason_and_nobody_else(
    colleague: Browser, boss: Browser, database: Database
) -> None:
    wanted = {"what": "flow recover_password", "reason": "短信通道故障，预计16点恢复"}
    assert colleague.post("/emergency/close", "/emergency", **wanted).status_code == 403
    assert boss.post("/emergency/close", "/emergency", **{**wanted, "reason": " "}).status_code == 409
    assert boss.post("/emergency/close", "/emergency", **wanted).status_code == 302

    with database.reading() as session:
        [closed] = closures.standing(session)
    assert (closed.kind, closed.name, closed.reason, closed.by) == (
        *(Closable.FLOW, "recover_password", wanted["reason"]),
        BOSS,
    )
    assert "<b>找回密码</b>：短信通道故障，预计16点恢复" in colleague.get("/emergency").text
    assert boss.post("/emergency/reopen", "/emergency", what=wanted["what"]).status_code == 302
    assert "渠道和业务都开着" in boss.get("/emergency").text


def test_a_notice_goes_from_one_colleague_to_another_to_the_page_that_is_open(
    sign_in: Callable[[Role], Page],
    new_chat: Callable[[], Chat],  # noqa: F811
) -> None:
    chat = new_chat().visit().open()
    trainer, boss = sign_in(Role.TRAINER), sign_in(Role.ADMINISTRATOR)
    trainer.get_by_role("link", name="应急").click()
    trainer.get_by_label("内容").fill("短信通道故障，验证码可能晚到十分钟，请不要重复点击。")
    trainer.locator("#write select[name=channel]").select_option("web")
    trainer.get_by_role("button", name="交给同事核准").click()
    expect(trainer.get_by_role("status")).to_contain_text("等另一位同事核准")
    picture(trainer, "emergency-waiting")
    expect(chat.messages).to_have_count(1)

    boss.goto("/emergency")
    boss.get_by_role("button", name="核准并显示").click()
    expect(boss.get_by_role("status")).to_contain_text("已核准")
    picture(boss, "emergency-standing")
    expect(chat.messages.last).to_contain_text("【紧急通知】短信通道故障", timeout=15_000)
    chat.take_picture("bulletin")
    boss.get_by_role("button", name="撤下").click()
    expect(boss.get_by_role("status")).to_contain_text("已撤下")
    chat.assert_clean()
