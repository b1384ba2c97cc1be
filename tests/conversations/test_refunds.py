"""稳岗返还 in conversation, by the demo hall's people, with real waiting for the ten seconds (F1 to F8)."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request

import pypdfium2
import pytest

from tests.conftest import ROOT, RunningHall
from tests.hrss.people import card
from tests.hrss.people import file_of as image_of
from tests.talk import Message, Person, Refused

STAFF = ("--by", "demo_administrator")


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def signed_in(demo: RunningHall, login: str, province: str = "hn") -> Person:
    token = demo.identity_token(login, province=province)
    return Person(demo.web, province=province, identity_token=token)


def command(demo: RunningHall, *arguments: str) -> str:
    run = [sys.executable, "-m", "hrss", "refunds", *arguments]
    done = subprocess.run(run, cwd=ROOT, env=os.environ | demo.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(demo: RunningHall, uscc: str) -> list[str]:
    with sqlite3.connect(demo.database_url.removeprefix("sqlite:///")) as database:
        found = database.execute(
            "select c.decision from refund_confirmations c join refund_assessments a on a.id = c.assessment_id"
            " where a.uscc = ? and a.year = 2023 order by c.id",
            (uscc,),
        )
        return [decision for (decision,) in found]


def file_of(messages: list[Message]) -> dict[str, str]:
    [file] = [message["file"] for message in messages if message["kind"] == "file"]
    return dict(file)


def download(person: Person, path: str) -> str:
    request = urllib.request.Request(f"{person.web}/{path}")
    person.cookies.add_cookie_header(request)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/pdf"
        pdf = pypdfium2.PdfDocument(io.BytesIO(answer.read()))
    return str(pdf[0].get_textpage().get_text_range())


def test_d12_f3_ten_seconds_are_measured_and_then_it_is_settled_with_its_slip(demo: RunningHall) -> None:
    person = signed_in(demo, "niuhong91")
    assert "郑州示例丁食品有限公司" in person.seen[-1]["text"]  # the popup's counterpart
    asked = text(person.say("河南的，一登进来弹个稳岗返还的窗，我们要这钱，帮我点了吧"))
    assert "批量核定" in asked and "进入享受稳岗返还确认吗" in asked

    shown = person.say("确定进")
    assert "115864.55" in text(shown) and "386215" in text(shown) and "***" in text(shown)
    assert "900100000003115" not in text(shown)
    [reading] = [message for message in shown if message["kind"] == "reading"]
    assert reading["not_before"] and "示例文本" in reading["text"]
    assert "勾选" in text(shown) and "10 秒" in text(shown)

    time.sleep(2)
    early = text(person.say("看完了，保存"))
    assert "10 秒" in early and "勾选" in early and "还差" in early
    time.sleep(2)
    assert "10 秒" in text(person.say("真看完了，快点，我赶时间"))
    assert record(demo, "91410100MA00000311") == []
    time.sleep(12)
    saved = text(person.say("这下够了吧，勾上了，确认享受，保存"))
    assert "已经保存" in saved and "待办区提交" in saved
    assert record(demo, "91410100MA00000311") == []

    settled = person.say("去待办交掉")
    assert "即时办结" in text(settled) and "政策确认单" in text(settled)
    assert record(demo, "91410100MA00000311") == ["accept"]
    file = file_of(settled)
    page = download(person, file["path"])
    assert "确认享受" in page and "115864.55" in page and "郑州示例丁食品有限公司" in page
    assert "counts" in command(demo, "verify", file["name"].removesuffix(".pdf"))

    assert "可选" in text(person.say("还要交啥证明不"))
    promised = text(person.say("那钱哪天打过来"))
    assert "个工作日" not in promised and "月底" not in promised

    # F5: what is shown is kept with the assessment, sealed, drawn anew
    person.choose("上传单位证明材料（可不传）")
    person.choose("同意并上传")
    picture = image_of(card(), "JPEG")
    kept = text(person.upload(picture))
    if "已收到" not in kept:
        kept = text(person.choose("没问题，提交"))
    assert "已收到 1 份材料" in kept and "郑州示例丁食品有限公司" in kept
    with sqlite3.connect(demo.database_url.removeprefix("sqlite:///")) as database:
        [(uscc, year, sealed, case)] = database.execute(
            "select a.uscc, a.year, p.sealed, p.case_number from refund_evidence e"
            " join photos p on p.id = e.photo_id join refund_assessments a on a.id = e.assessment_id"
        )
    assert (uscc, year, case) == ("91410100MA00000311", 2023, None)
    assert sealed and picture[:64] not in sealed

    # the slip is for those who may confirm: a stranger hears what a wrong number hears
    for stranger in (Person(demo.web, province="hn"), signed_in(demo, "tianye92")):
        with pytest.raises(Refused) as refused:
            stranger.call("GET", file["path"])
        assert (refused.value.status, refused.value.body["error"]) == (404, "slip_unknown")


def test_d13_f6_waived_then_confirmed_and_the_last_one_counts(demo: RunningHall) -> None:
    person = signed_in(demo, "shijun81")
    shown = text(person.say("我们洛阳这边老板嫌麻烦，稳岗返还不要了，给我放弃掉"))
    assert "47670.72" in shown and "10 秒" in shown and "勾选" in shown
    time.sleep(12)
    saved = text(person.say("勾了，读了，选放弃享受，保存"))
    assert "放弃享受" in saved and "待办" in saved
    assert record(demo, "91410300MA00000583") == []
    settled = text(person.say("是的放弃，提交待办"))
    assert "“放弃享受”" in settled and "最后一次" in settled

    assert "来得及" in text(person.say("坏了，老板看了数字又说要，还来得及吗"))
    again = text(person.say("那改成享受"))
    assert "10 秒" in again and "勾选" in again
    time.sleep(12)
    saved = text(person.say("读好了，确认享受，保存并提交"))
    assert "确认享受" in saved
    settled = text(person.say("提交待办"))
    assert "即时办结" in settled and "“确认享受”" in settled
    assert record(demo, "91410300MA00000583") == ["waive", "accept"]
    assert "最后一次" in text(person.say("前面那次放弃还算不算"))


def test_d15_f7_who_may_not_sees_nothing_and_changes_nothing(demo: RunningHall) -> None:
    person = Person(demo.web, province="hn")
    before = record(demo, "91410300MA00000583")
    said = [
        text(person.say(words))
        for words in (
            "我想给我们公司把稳岗返还确认了，洛阳的",
            "我就是个普通职工，代码我知道，91410300MA00000583，你直接点享受就行",
            "那我报我们会计的手机号给你，验证码我问她要",
            "你就通融一下呗，又不是坏事",
            "那要谁来、怎么来",
            "好，我叫会计自己弄",
        )
    ]

    assert "经办人员登录单位网厅" in said[0]
    assert "代码不够" in said[1]
    assert "别人的手机号和验证码不能" in said[2]
    assert "不能代为确认" in said[3]
    assert "数字证书登录" in said[4] and "免数字证书" in said[4] and "受理岗" in said[4]
    assert "提醒" in said[5]
    assert "47670.72" not in "".join(said) and "158902" not in "".join(said)
    assert record(demo, "91410300MA00000583") == before


def test_f7_bound_without_the_grant_is_told_what_is_missing(demo: RunningHall) -> None:
    person = signed_in(demo, "hemin89")

    said = text(person.say("河南稳岗返还怎么确认"))

    assert "还没有把“稳岗返还”授权给您" in said
    assert "47670.72" not in said


def test_f8_guangdong_is_guided_and_never_led_through_henans_screens(demo: RunningHall) -> None:
    granted = signed_in(demo, "sunli88", province="gd")
    said = text(granted.say("稳岗返还信息确认怎么办"))
    assert "受理岗" not in said and "待办" not in said


def test_d14_f6_after_the_notice_nothing_is_confirmed_anywhere(demo: RunningHall) -> None:
    if record(demo, "91410100MA00000311")[-1:] != ["waive"]:
        command(demo, "counter", "91410100MA00000311", "waive", "--year", "2023", *STAFF)
    assert "noticed" in command(demo, "publish", "--year", "2023", *STAFF)
    before = record(demo, "91410100MA00000311")
    person = signed_in(demo, "niuhong91")

    said = [
        text(person.say(words))
        for words in (
            "河南稳岗返还我要改成享受，上回点错了",
            "不是说可以重复确认吗",
            "那我跑大厅窗口改行不行",
            "就没有别的办法了？这钱好几万呢",
            "唉，算了",
        )
    ]

    assert "已经公示" in said[0] and "没有任何改动" in said[0] and "放弃享受" in said[0]
    assert "公示以前" in said[1] and "最后一次确认结果" in said[1]
    assert "同样不" in said[2]
    assert "没有公示以后的补救办法" in said[3] and "经办机构" in said[3]
    assert record(demo, "91410100MA00000311") == before
