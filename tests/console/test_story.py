"""
A day at the console in a real browser, over the running bot: taking over, reviewing, deciding, looking back.

Everything is said through the web channel and read back there.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable

import yaml
from playwright.sync_api import Page, expect

from hrss.database import Database
from hrss.sealing import Sealer
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import Case, OutboxSms
from tests.conftest import ROOT, RunningHall
from tests.console.office import picture
from tests.conversations.test_regressions import replay
from tests.talk import Person

PATIENCE = 20


def heard(person: Person, words: str) -> dict[str, object]:
    """Wait until the person sees a message with these words."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        person.seen += person.call("GET", f"poll?after={person.last_seq}&wait=2")["messages"]
        for message in person.seen:
            if words in message["text"]:
                return message
    raise AssertionError(f"{words!r} was not seen; the last was {person.seen[-1]['text']!r}")


def send(person: Person, text: str) -> None:
    """Say something to which no answer of the bot is due."""
    person.call("POST", "messages", {"client_msg_id": secrets.token_hex(8), "text": text})


def sealed(hall: RunningHall, table: type, **which: str) -> list[dict[str, object]]:
    """What rows of the running bot's database hold sealed, in the order of their making."""
    settings = Settings.from_env(hall.environment)
    database = Database(settings.database_url)
    with database.reading() as session:
        rows = session.query(table).filter_by(**which).all()
        opened = [Sealer(settings).unseal_document(row) for row in rows if row.sealed]
    database.close()
    return opened


def phone_of(hall: RunningHall, number: str) -> str:
    [claim] = sealed(hall, Case, number=number)
    return str(claim["phone"])


def code_to(hall: RunningHall, phone: str) -> str:
    messages = sealed(hall, OutboxSms, template="code")
    return next(str(each["blanks"]["code"]) for each in reversed(messages) if each["phone"] == phone)


def test_an_officer_takes_a_live_conversation_over_and_hands_it_back(
    hall: RunningHall, sign_in: Callable[[Role], Page]
) -> None:
    person = Person(hall.web)
    person.say("单位账号密码忘了怎么办")
    officer = sign_in(Role.CASE_OFFICER)
    officer.goto("/live")
    officer.get_by_role("button", name="开始接待").click()
    expect(officer.get_by_text("您在线")).to_be_visible()

    [waiting] = person.say("找人工")
    assert "您排在第一位" in waiting["text"]
    row = officer.get_by_role("row").filter(has_text="找人工")
    expect(row).to_be_visible(timeout=PATIENCE * 1000)
    picture(officer, "queue")
    row.get_by_role("button", name="接入").click()
    taken = heard(person, "工作人员已接入")
    assert (taken["from"], taken["kind"], taken["state"]) == ("bot", "handover", "taken")

    officer.get_by_label("回复办事人").fill("您好，请问单位做过实名认证吗？")
    officer.get_by_role("button", name="发送", exact=True).click()
    assert heard(person, "请问单位做过实名认证吗")["from"] == "staff"
    before = person.last_seq
    send(person, "做过的，我的手机是13800138000，密码忘了怎么办")
    expect(officer.get_by_role("log")).to_contain_text("做过的", timeout=PATIENCE * 1000)
    expect(officer.get_by_role("log")).not_to_contain_text("13800138000")
    time.sleep(2)
    person.seen += person.call("GET", f"poll?after={before}&wait=0")["messages"]
    assert [message["from"] for message in person.seen if message["seq"] > before] == ["user"]
    picture(officer, "live")

    officer.get_by_role("button", name="结束接待").click()
    heard(person, "接下来由助手继续为您解答")
    answer, *_ = person.say("单位账号密码忘了，已经实名过")
    assert answer["from"] == "bot"
    officer.goto(f"/conversations/{person.opened['session']}")
    expect(officer.get_by_text("办事人找人工")).to_be_visible()
    expect(officer.get_by_text("交回助手")).to_be_visible()
    picture(officer, "conversation")


def test_a_person_hears_a_member_of_staff_who_steps_in_unasked_and_nobody_on_duty_means_a_number(
    hall: RunningHall, sign_in: Callable[[Role], Page]
) -> None:
    person = Person(hall.web)
    person.say("你好")
    officer = sign_in(Role.ADMINISTRATOR)
    officer.goto(f"/conversations/{person.opened['session']}")
    officer.get_by_role("button", name="由我接待").click()
    heard(person, "工作人员已接入")
    officer.get_by_role("button", name="请不要发送密码和验证码").click()
    officer.get_by_role("button", name="发送", exact=True).click()
    heard(person, "请不要发送密码和验证码。")
    officer.get_by_role("button", name="结束接待").click()
    heard(person, "接下来由助手继续为您解答")


def test_an_officer_decides_a_photo_appeal_and_the_citizen_reads_the_outcome_in_the_chat(
    hall: RunningHall, sign_in: Callable[[Role], Page]
) -> None:
    reviewer = sign_in(Role.REVIEWER)
    reviewer.goto("/cases")
    picture(reviewer, "cases")
    waiting = reviewer.get_by_role("row").filter(has_text="申诉").filter(has_text="待审核")
    number = waiting.first.get_by_role("link").inner_text()
    waiting.first.get_by_role("link").click()
    expect(reviewer.get_by_text("申请所填与登记在案")).to_be_visible()
    shown = reviewer.get_by_role("img", name=re.compile("第 1 张照片"))
    assert shown.evaluate("image => image.complete && image.naturalWidth > 300")
    address = shown.get_attribute("src")
    stranger = sign_in(Role.ADMINISTRATOR)
    assert stranger.request.get(address).status == 404  # the link is the reviewer's alone

    reviewer.get_by_role("button", name="接手审核").click()
    picture(reviewer, "case")
    stranger.goto(f"/cases/{number}")
    expect(stranger.get_by_text("day_reviewer 正在审核")).to_be_visible()
    reviewer.get_by_role("button", name="不通过").click()
    expect(reviewer.get_by_text("请写明原因")).to_be_visible()
    reviewer.goto(f"/cases/{number}")
    reviewer.get_by_label("原因（退回、不通过时必填）").fill("照片上的姓名看不清")
    reviewer.get_by_role("button", name="退回补充").click()
    expect(reviewer.get_by_text("需补充材料").first).to_be_visible()
    reviewer.goto(f"/cases/{number}/sheet")
    expect(reviewer.get_by_text("窗口经办")).to_be_visible()
    picture(reviewer, "sheet")

    phone = phone_of(hall, number)
    person = Person(hall.web)
    person.say("查进度")
    person.say(number)
    person.say(phone)
    answered = person.say(code_to(hall, phone))
    assert "照片上的姓名看不清" in "".join(message["text"] for message in answered)
    assert "需补充材料" in "".join(message["text"] for message in answered)


def test_a_reviewer_works_through_the_queue_and_the_auditor_sees_who_looked(
    hall: RunningHall, sign_in: Callable[[Role], Page]
) -> None:
    for text in ("今天天气怎么样", "明天股票涨不涨", "单位账号怎么注册"):
        asker = Person(hall.web)
        asker.say(text)
    asker = Person(hall.web)
    asker.say("我的手机号13800138000收不到验证码")
    trainer, reviewer, auditor = (sign_in(role) for role in (Role.TRAINER, Role.REVIEWER, Role.AUDITOR))
    trainer.goto("/review")
    picture(trainer, "review")
    trainer.get_by_role("link", name="开始评定").click()
    judged = 0
    while "/conversations/" in trainer.url:
        trainer.wait_for_load_state()  # the keys are heard from then on
        trainer.keyboard.press("j")
        trainer.keyboard.press("4")
        expect(trainer.get_by_role("radio", name="4")).to_be_checked()
        trainer.get_by_label("要跟进的事").select_option(label="补充问法")
        before = trainer.url
        trainer.get_by_role("heading", name="评定").click()
        trainer.keyboard.press("r")
        trainer.wait_for_url(lambda address, before=before: address != before)
        judged += 1
    assert judged >= 2
    expect(trainer.get_by_text("这一列已经评完了")).to_be_visible()

    reviewer.goto(f"/conversations/{asker.opened['session']}")
    reviewer.get_by_label("标记").fill("〔手机#1〕")
    reviewer.get_by_label("理由").fill("核对短信是否发到这个号码")
    reviewer.get_by_role("button", name="查看").click()
    expect(reviewer.get_by_text("13800138000")).to_be_visible()
    trainer.goto(f"/conversations/{asker.opened['session']}")
    trainer.get_by_label("写批注").fill("电话13800138000，问法要补")
    trainer.get_by_role("button", name="添加批注").click()
    expect(trainer.get_by_text("138****8000，问法要补")).to_be_visible()
    trainer.get_by_role("button", name="做成测试").click()
    expect(trainer.get_by_text("已做成测试")).to_be_visible()
    trainer.goto("/conversations?fallback=yes")
    expect(trainer.get_by_role("link", name="今天天气怎么样")).to_be_visible()
    picture(trainer, "list")

    auditor.goto("/audit?did=value.revealed")
    expect(auditor.get_by_text("核对短信是否发到这个号码")).to_be_visible()
    picture(auditor, "audit")
    auditor.goto("/overview")
    expect(auditor.get_by_role("heading", name="每天的提问")).to_be_visible()
    picture(auditor, "overview")
    administrator = sign_in(Role.ADMINISTRATOR)
    administrator.goto("/staff")
    picture(administrator, "staff")
    administrator.goto("/account")
    picture(administrator, "account")


def test_the_test_made_of_a_conversation_passes(hall: RunningHall, office: str) -> None:
    folder = hall.folder / "regressions"
    command = [sys.executable, "-m", "hrss", "regressions", str(folder)]
    subprocess.run(command, cwd=ROOT, env=hall.environment, check=True, capture_output=True)
    bodies = [yaml.safe_load(file.read_text("utf-8")) for file in folder.glob("*.yml")]
    assert bodies
    for body in bodies:
        assert "13800138000" in body["turns"][0]["say"]
        for expected, found in zip(body["turns"], replay(hall, body), strict=True):
            assert expected["decision"] == found["decision"]
