"""Recovering accounts and passwords in conversation, by the demo hall's people (R1-R4, R6-R10)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

import pytest

from tests.conftest import RunningHall
from tests.talk import Message, Person

New = Callable[[], Person]

ZHAO_MIN = "赵敏，440606199203080009"
HER_ANSWERS = {"小学班主任": "黄", "第一次工作": "佛山", "一本书": "西游记"}


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def rows(hall: RunningHall, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(hall.database_url.removeprefix("sqlite:///")) as database:
        return database.execute(query).fetchall()


def test_a_real_named_organization_recovers_its_password_through_its_primary_contact(
    citizen: New, demo: RunningHall
) -> None:
    before = rows(demo, "select count(*) from sms_outbox where template = 'password'")
    person = citizen()
    assert "实名" in text(person.say("公司那个账号的密码没人记得了，怎么办"))
    asked = text(person.say("做过的，去年拿授权码绑过"))
    assert "统一社会信用代码" in asked
    assert "上传" not in asked
    # two values in one sentence: neither is asked for again
    asked = text(person.say("91440101MA00000156，广州示例甲贸易有限公司"))
    assert "常用联系人" in asked
    sent = text(person.say("常用联系人是王芳 13800138000，她就坐我边上"))
    assert "138****8000" in sent
    done = text(person.say("她说是482915"))

    assert "138****8000" in done
    assert "短信" in done
    assert not re.search(r"密码(是|为|：)\s*\S{6,}", done)
    assert text(person.say("行了，能进去了，谢谢")).startswith("不客气")
    after = rows(demo, "select count(*) from sms_outbox where template = 'password'")
    assert after[0][0] == before[0][0] + 1


def test_wrong_codes_stop_the_attempt_and_open_another_way(citizen: New) -> None:
    person = citizen()
    person.say("个人密码忘了，想用手机号重设")
    assert "138****8003" in text(person.say("赵敏，440606199203080009，手机13800138003"))
    assert "不对" in text(person.say("111111"))
    assert "不对" in text(person.say("222222"))
    stopped = text(person.say("333333"))
    assert "本助手的限制" in stopped
    assert {"银联认证", "密保问题", "上传证件照"} <= set(person.labels())

    guided = text(person.say("短信一直没收到啊，那用银行卡那种吧"))
    assert "平台页面" in guided
    assert "不要把银行卡号发在聊天里" in guided


def test_a_mistyped_number_is_pointed_out_and_a_corrected_phone_gets_a_new_code(citizen: New) -> None:
    person = citizen()
    person.say("想找回我个人的登录账号，走手机验证")
    wrong = text(person.say("孙丽 440106198802290007"))
    assert "证件号" in wrong
    asked = text(person.say("哎看错了，末尾是6，440106198802290006"))
    assert "手机号" in asked
    assert "姓名" not in asked
    assert "138****8005" in text(person.say("手机13800138005"))
    assert "138****8006" in text(person.say("不对不对，号码也打错了，是13800138006"))
    assert "sun" in text(person.say("208817"))


def test_a_flow_can_be_stepped_back_and_cancelled_and_nothing_is_written(
    citizen: New, demo: RunningHall
) -> None:
    before = rows(demo, "select count(*) from cases")
    person = citizen()
    person.say("单位的登录账号找不到了，怎么找回")
    person.choose("上传经办人证件照")
    person.say("佛山示例丙制造有限公司 91440600MA000004XY")
    person.say("上一步")
    assert "取消" in text(person.say("算了，都不弄了"))

    assert rows(demo, "select count(*) from cases") == before


def test_answers_to_security_questions_are_masked_and_reset_the_password(citizen: New) -> None:
    person = citizen()
    person.say("个人账号的密码忘了")
    person.choose("密保问题")
    said = person.say(ZHAO_MIN)
    for _ in range(3):
        answer = next(answer for about, answer in HER_ANSWERS.items() if about in text(said))
        said = person.say(answer)

    assert "一次性密码" in text(said)
    own = [message["text"] for message in person.call("GET", "history?after=0")["messages"]]
    assert not any(answer in words for answer in ("佛山", "西游记") for words in own)


@pytest.mark.parametrize(
    ("number", "words"), [("91440101MA00000156", "已经注册过"), ("91440101MA0000066E", "没有查到")]
)
def test_whether_an_organization_is_registered_is_told_as_the_registration_page_tells_it(
    citizen: New, number: str, words: str
) -> None:
    person = citizen()
    person.say("不确定单位以前有没有注册过账号，怎么查")
    person.choose("查单位")

    assert words in text(person.say(number))


def test_the_progress_of_anothers_case_stays_closed(citizen: New) -> None:
    person = citizen()
    assert "受理编号" in text(person.say("查进度"))
    refused = text(person.say("GD0000000"))

    assert "编号" in refused


def test_erasing_is_asked_about_first(citizen: New) -> None:
    person = citizen()
    person.say("我叫欧阳小桃，单位账号怎么绑定同事")
    person.say("删除我的记录")
    person.choose("先不删")
    assert "欧阳小桃" in str(person.call("GET", "history?after=0"))

    person.say("删除我的记录")
    person.choose("确定删除")
    assert "欧阳小桃" not in str(person.call("GET", "history?after=0"))
