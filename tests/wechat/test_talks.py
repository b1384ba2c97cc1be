"""What people can do in WeChat, each rule by its letter, against the really running bot over HTTP."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pypdfium2
import pytest
from PIL import Image

from bot.channels.wechat.slips import Slips
from hrss import bulletins, conversations, handovers
from hrss.bulletins import Wanted
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from tests.conftest import RunningHall
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, card, file_of
from tests.talk import Person
from tests.wechat.api import FakeApi
from tests.wechat.side import Account, Citizen
from tests.wechat.watching import (
    ANSWER,
    QUESTION,
    New,
    Paused,
    rows,
    turns,
    unlike_any,
    wait_for,
)

# D: the dialogue


def test_d1_a_typed_slash_is_no_command(citizen: Citizen) -> None:
    citizen.ask("单位账号密码忘了")
    for typed in (
        "/restart",
        "／restart",
        '/inform{"field": "org_real_name", "choice": "no"}',
        "/talk_to_staff",
    ):
        answered = citizen.ask(typed)
        assert "您想用哪种方式" not in answered and "留言" not in answered


def test_d2_a_number_a_label_and_a_menu_id_select_the_same(running: RunningHall, follower: New) -> None:
    shown = []
    for choose in ("2", "第2个", "②", "没做过", "menu"):
        person = follower()
        asked = person.ask("单位账号密码忘了")
        assert "2. 没做过" in asked
        if choose == "menu":
            body = rows(
                running, "SELECT body FROM messages WHERE body LIKE '%没做过%' ORDER BY at DESC LIMIT 1"
            )
            options = json.loads(body[0][0])["options"]
            shown.append(person.choose(next(o["id"] for o in options if o["label"] == "没做过"), "2. 没做过"))
        else:
            shown.append(person.say(choose))

    assert len(set(shown)) == 1
    assert "您想用哪种方式" in (shown[0] or "")


def test_d2_an_option_that_is_gone_is_explained(citizen: Citizen) -> None:
    citizen.ask("单位账号密码忘了")
    assert "请回复 1 到" in citizen.ask("99")
    citizen.ask("取消")

    assert "失效" in citizen.ask("2")
    assert "失效" in (citizen.choose("gone-by-now", "2. 没做过") or "")


def test_d3_other_kinds_of_messages(citizen: Citizen) -> None:
    assert ANSWER in (citizen.send("voice", MediaId="v", Format="amr", Recognition=QUESTION) or "")
    assert "语音" in (citizen.send("voice", MediaId="v", Format="amr", Recognition=" ") or "")
    assert "图片" in (citizen.send("image", MediaId="i", PicUrl="http://mmbiz.qpic.cn/x") or "")
    for kind in ("video", "location", "link", "file", "something_new"):
        assert "看不了" in (citizen.send(kind, MediaId="x") or "")
    assert citizen.event("VIEW", EventKey="https://example.com/") is None
    assert citizen.event("SOMETHING_NEW", EventKey="x") is None


def test_d4_a_follower_is_greeted_with_the_notice_and_one_who_leaves_is_left_in_peace(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    greeting = citizen.event("subscribe", EventKey="") or ""
    assert "自动应答的程序" in greeting and "聊天会被记录" in greeting
    assert "广东省人社厅网上服务平台" in (citizen.tap("show_menu") or "")
    with Paused(running):
        assert citizen.say("查进度") is None
        assert citizen.event("unsubscribe") is None
    time.sleep(3)
    assert api.sent_to(citizen.open_id) == []
    assert "聊天会被记录" in (citizen.event("subscribe", EventKey="qrscene_123") or "")


def test_large_mode_says_one_short_step_at_a_time(citizen: Citizen) -> None:
    assert "大字模式" in citizen.ask("大字")
    first = citizen.ask("单位怎么注册账号")
    assert first.startswith("第 1 步") and "来源" not in first and len(first) < 120
    assert citizen.ask("下一步").startswith("第 2 步")
    assert citizen.ask("1").startswith("第 3 步")
    assert "普通模式" in citizen.ask("普通字")
    assert "来源" in citizen.ask("单位怎么注册账号")


def test_answers_are_rated_and_a_talk_is_ended_by_words(running: RunningHall, citizen: Citizen) -> None:
    citizen.ask("单位怎么注册账号")
    assert "谢谢" in citizen.ask("有用")
    citizen.ask("忘了登录密码 13800138002")
    assert "已经结束" in citizen.ask("结束聊天")
    assert ANSWER in citizen.ask(QUESTION)


def rating_of(running: RunningHall, text: str) -> Any:
    [(_, _, conversation)] = turns(running, text)
    return rows(running, "SELECT rating FROM conversations WHERE id = ?", conversation)[0][0]


@pytest.mark.parametrize("said", ["2", "满意", "menu"])
def test_the_whole_talk_is_rated_by_number_label_or_tap(
    running: RunningHall, citizen: Citizen, said: str
) -> None:
    text = unlike_any()
    citizen.ask(text)
    asked = citizen.ask("评价")
    assert "1. 非常满意" in asked and "5. 非常不满意" in asked
    if said == "menu":
        [(_, _, conversation)] = turns(running, text)
        query = "SELECT body FROM messages WHERE conversation_id = ? AND body LIKE '%非常不满意%'"
        options = json.loads(rows(running, query, conversation)[0][0])["options"]
        thanks = citizen.choose(next(o["id"] for o in options if o["label"] == "满意"), "2. 满意")
    else:
        thanks = citizen.ask(said)

    assert "谢谢" in (thanks or "")
    assert rating_of(running, text) == 4
    assert "失效" in citizen.ask("1")  # it is chosen once; to change it, it is asked for again


def test_a_talk_that_was_ended_can_still_be_rated_as_the_next_word_and_no_later(
    running: RunningHall, citizen: Citizen
) -> None:
    first, second = unlike_any(), unlike_any()
    citizen.ask(first)
    assert "5. 非常不满意" in citizen.ask("结束聊天")
    message_id = secrets.randbits(60)
    told = citizen.ask("非常不满意", message_id=message_id)
    assert "抱歉" in told and rating_of(running, first) == 1
    assert citizen.say("非常不满意", message_id=message_id) in (told, None)  # delivered again

    citizen.ask(second)
    citizen.ask("结束聊天")
    assert ANSWER in citizen.ask(QUESTION)
    citizen.ask("非常满意")
    assert rating_of(running, second) is None


# Cards and people


def said_by_the_bot(running: RunningHall, conversation: str, message: dict[str, Any]) -> None:
    database = Database(running.database_url)
    with database.transaction() as session:
        conversations.say(
            session, conversation, author="bot", messages=[message], now=datetime.now(timezone.utc)
        )
    database.close()


@pytest.mark.parametrize("how", ["number", "label", "menu"])
def test_a_choice_before_its_text_can_have_been_read_is_refused_and_counts_later(
    running: RunningHall, citizen: Citizen, how: str
) -> None:
    text = unlike_any()
    citizen.ask(text)
    [(_, _, conversation)] = turns(running, text)
    entry, label = "gd.level.L2_how", "我已阅读，看二级怎么升"
    said_by_the_bot(
        running,
        conversation,
        {
            "kind": "reading",
            "text": "请先读完这一段。",
            "not_before": (datetime.now(timezone.utc) + timedelta(seconds=10)).isoformat(),
            "options": [{"id": f"read-{how}", "label": label, "payload": f'/ask_faq{{"entry": "{entry}"}}'}],
        },
    )
    choose: dict[str, Callable[[], str | None]] = {
        "number": lambda: citizen.say("1"),
        "label": lambda: citizen.say(label),
        "menu": lambda: citizen.choose("read-menu", label),
    }
    early = choose[how]() or ""
    assert re.search(r"请再读 \d+ 秒", early)
    time.sleep(10)

    assert "来源" in (choose[how]() or "")


def test_the_queue_for_staff_and_what_they_write_come_into_the_talk(
    running: RunningHall, citizen: Citizen
) -> None:
    database, staff = Database(running.database_url), "demo_administrator"
    text = unlike_any()
    citizen.ask(text)
    [(_, _, conversation)] = turns(running, text)
    with database.transaction() as session:
        handovers.go_on_duty(session, staff, datetime.now(timezone.utc))
    try:
        assert "您排在第一位" in citizen.ask("找人工")
        assert ANSWER in citizen.ask(QUESTION)  # the bot goes on until somebody comes
        with database.transaction() as session:
            handovers.take(session, conversation, staff=staff, now=datetime.now(timezone.utc))
            words = "您好，我来帮您看看。"
            handovers.say(session, conversation, staff=staff, words=words, now=datetime.now(timezone.utc))
        assert citizen.pushed(seconds=30) == [words]
        assert citizen.say("我的账号登不上") is None  # it is for staff: the bot is silent
        with database.transaction() as session:
            handovers.give_back(session, conversation, staff=staff, now=datetime.now(timezone.utc))
        assert ANSWER in citizen.ask(QUESTION)
    finally:
        with database.transaction() as session:
            handovers.go_off_duty(session, staff)
        database.close()


def link_in(text: str) -> str:
    [link] = re.findall(r"https?://\S+/webhooks/wechat/slip/\S+", text)
    return str(link)


def with_another_end(name: str) -> str:
    return name[:-1] + ("0" if name[-1] != "0" else "1")


def test_a_refund_is_confirmed_in_wechat_after_a_code_and_the_time_to_read(
    running: RunningHall, account: Account, citizen: Citizen
) -> None:
    """No page hands over a login here: who may confirm is the same as everywhere, by a code to the phone on record."""
    citizen.ask("河南的，一登进来弹个稳岗返还的窗，我们要这钱，帮我点了吧")
    asked = citizen.ask("办")
    assert "经办人员本人" in asked and "姓名和身份证号" in asked
    assert "手机号" in citizen.ask("牛红 410105199102260001")
    assert "138****8016" in citizen.ask("13800138016")
    assert "进入享受稳岗返还确认吗" in citizen.ask("274590")

    shown = citizen.ask("1")
    assert "115864.55" in shown and "900100000003115" not in shown
    early = citizen.ask("1")
    assert "还差" in early or "10 秒" in early
    decided = (
        "SELECT c.decision FROM refund_confirmations c JOIN refund_assessments a ON a.id = c.assessment_id"
        " WHERE a.uscc = '91410100MA00000311' AND a.year = 2023"
    )
    assert rows(running, decided) == []
    wait_for(lambda: "请选择：确认享受，还是放弃享受" in citizen.ask("已认真阅读"))
    assert "已经保存" in citizen.ask("确认享受")
    settled = citizen.ask("提交待办")
    assert "即时办结" in settled and "15 分钟内有效" in settled
    assert rows(running, decided) == [("accept",)]

    # the slip: behind a link that is this talk's, for some minutes
    link = link_in(settled)
    opened = account.fetch(link)
    assert opened.content_type == "application/pdf"
    printed = pypdfium2.PdfDocument(opened.body)[0].get_textpage().get_text_range()
    assert "确认享受" in printed and "郑州示例丁食品有限公司" in printed
    again = link_in(citizen.ask("确认单"))
    assert account.fetch(again).body == opened.body
    ticket, talk = link.split("/")[-2:]
    number, until, signed = ticket.split(".")
    for wrong in (
        f"{number}.{int(until, 16) + 3600:x}.{signed}/{talk}",
        f"{with_another_end(number)}.{until}.{signed}/{talk}",
        f"{ticket}/{with_another_end(talk)}",
        f"{number}/{talk}",
    ):
        assert account.fetch(f"{link.rsplit('/', 2)[0]}/{wrong}").status == 404, wrong
    slips = Slips(
        Hall.open(Settings.from_env(running.environment), Database(running.database_url)), running.origin
    )
    paper = {"file": {"path": f"slip?number={number}"}}
    old = slips.link(unquote(talk), paper, datetime.now(timezone.utc) - timedelta(minutes=16))
    assert old and account.fetch(old).status == 410
    citizen.ask("结束聊天")
    ended = account.fetch(link)
    assert ended.status == 410 and "回复“确认单”再取" in ended.body.decode()


def test_who_is_not_the_operator_confirms_no_refund_in_wechat_either(citizen: Citizen) -> None:
    citizen.ask("河南的，一登进来弹个稳岗返还的窗，我们要这钱，帮我点了吧")
    citizen.ask("办")
    citizen.ask("贺敏 410103198903050007")  # bound, and not granted (F7)
    citizen.ask("13800138020")
    told = citizen.ask("805137")

    assert "还没有把“稳岗返还”授权给您" in told and "返还金额" not in told


# A7: photos


def go_to_photo(citizen: Citizen) -> None:
    citizen.ask("单位账号密码忘了")
    citizen.ask("没做过")
    citizen.ask("上传经办人证件照")
    citizen.ask("深圳示例乙科技有限公司 91440300MA0000023W")
    citizen.ask("李强 440304198509200006")
    assert "您同意上传吗" in citizen.ask("13800138001")


def test_a7_a_photo_is_fetched_only_after_consent_and_becomes_part_of_a_case(
    running: RunningHall, api: FakeApi, citizen: Citizen
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    api.media["good"] = file_of(card(), "JPEG", exif=exif)
    api.media["noise"] = secrets.token_bytes(5000)
    api.media["huge"] = b"\xff\xd8\xff" + bytes(11 * 1024 * 1024)
    go_to_photo(citizen)
    assert "没有打开" in (citizen.send("image", MediaId="good", PicUrl="http://mmbiz.qpic.cn/x") or "")
    assert not [call for call in api.of("/cgi-bin/media/get") if call.query["media_id"] == "good"]
    assert "请直接在这里发一张" in citizen.ask("同意并上传")

    assert "没有收到" in (citizen.send("image", MediaId="expired") or "")
    assert "JPG" in (citizen.send("image", MediaId="noise") or "")
    assert "10" in (citizen.send("image", MediaId="huge") or "")
    read_back = citizen.send("image", MediaId="good") or ""
    assert "请核对" in read_back and "1 张" in read_back and "440304198509200006" not in read_back
    receipt = citizen.ask("1")
    number = re.search(r"受理编号 (GD[0-9A-Z]{7})", receipt)
    assert number
    assert number.group(1) in citizen.ask("查进度")
    stored = b"".join(path.read_bytes() for path in running.folder.glob("*.db*"))
    assert b"SECRETCAMERA" not in stored and b"qpic" not in stored


# Binding


def test_a_wechat_account_is_bound_by_a_code_and_released(running: RunningHall, citizen: Citizen) -> None:
    assert "没有绑定任何人" in citizen.ask("解绑微信")
    citizen.tap("bind_wechat")
    assert "手机号" in citizen.ask(f"{CHEN['name']} {CHEN['certificate']}")
    assert "138****8002" in citizen.ask(CHENS_PHONE)
    assert "要把这个微信绑定到" in citizen.ask(CHENS_CODE)
    assert "绑定好了" in citizen.ask("1")
    [(person,)] = rows(running, "SELECT person_id FROM wechat_accounts WHERE person_id IS NOT NULL")
    assert person == "demo_chenjing"
    citizen.event("subscribe", EventKey="")  # a new conversation
    citizen.ask(QUESTION)
    assert rows(running, "SELECT 1 FROM proofs WHERE how = 'wechat' AND subject_id = 'demo_chenjing'")
    assert "要解除这个微信的绑定吗" in citizen.ask("解绑微信")
    assert "已经解除绑定" in citizen.ask("1")
    assert rows(running, "SELECT 1 FROM wechat_accounts WHERE person_id IS NOT NULL") == []
    assert rows(running, "SELECT 1 FROM proofs WHERE how = 'wechat'") == []


def test_a_bound_account_hears_at_once_of_an_organization_that_asks(
    running: RunningHall, citizen: Citizen
) -> None:
    citizen.tap("bind_wechat")
    citizen.ask("周杰 440103198706150004")
    citizen.ask("13800138019")
    citizen.ask("371946")
    assert "绑定好了" in citizen.ask("1")

    org = Person(running.web, identity_token=running.identity_token("fsbingzhizao", role="organization"))
    org.say("单位账号怎么发起绑定经办人")
    org.say("周杰，440103198706150004")
    org.choose("没问题，发起绑定")

    [told] = citizen.pushed()
    assert "“佛山示例丙制造有限公司”申请把您绑定为经办人员" in told
    org.say("怎么给经办人解绑")
    org.choose("周杰")
    org.choose("确定解绑")
    assert "撤回了对您的绑定申请" in citizen.pushed()[0]


def test_nothing_that_was_written_is_anywhere_in_clear(running: RunningHall) -> None:
    stored = b"".join(path.read_bytes() for path in Path(running.folder).glob("*") if path.is_file())

    for planted in (CHEN["certificate"], CHENS_PHONE, "440304198509200006"):
        assert planted.encode() not in stored


# What everyone is to hear


def test_an_emergency_notice_is_heard_with_the_greeting_or_the_next_answer_and_once(
    running: RunningHall, follower: New
) -> None:
    talking, coming = follower(), follower()
    talking.ask(QUESTION)
    database, now = Database(running.database_url), datetime.now(timezone.utc)
    wanted = Wanted("短信通道故障，验证码可能晚到。", now, now + timedelta(hours=1), channel="wechat")
    with database.transaction() as session:
        number = bulletins.write(session, wanted, staff="demo_trainer", now=now).id
        bulletins.approve(session, number, staff="demo_administrator", now=now)
    try:
        answers = [talking.ask(QUESTION), talking.ask(QUESTION)]
        greeting = coming.event("subscribe", EventKey="") or ""
        assert [each.startswith("【紧急通知】短信通道故障") for each in (*answers, greeting)] == [
            True,
            False,
            True,
        ]
        assert ANSWER in answers[0]
        assert "聊天会被记录" in greeting
        assert "紧急通知" not in coming.ask(QUESTION)
        assert talking.screen.count(answers[0]) == 1
    finally:
        with database.transaction() as session:
            bulletins.end(session, number, staff="demo_administrator", now=now)
        database.close()
