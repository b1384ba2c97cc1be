"""Whole dialogues with the running bot, line by line, to their last one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from tests.conftest import RunningHall
from tests.hrss.people import card, file_of
from tests.talk import Message, Person

New = Callable[[], Person]


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def rows(hall: RunningHall, query: str, *values: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=10)) as database:
        return database.execute(query, values).fetchall()


def show_photo(person: Person) -> str:
    """Agree, and upload, as the attachment of a line."""
    person.choose("同意并上传")
    return text(person.upload(file_of(card(), "JPEG")))


def number_in(said: str) -> str:
    found = re.search(r"GD[0-9A-Z]{7}", said)
    assert found, said
    return found.group()


def test_d02_an_organization_that_is_not_real_named_appeals_by_photo_for_its_password(
    citizen: New, demo: RunningHall
) -> None:
    person = citizen()
    assert "实名" in text(person.say("管单位账号的人走了，登录密码谁都不知道，联系不上他"))
    ways = text(person.say("应该没有实名过，我们从没弄过授权码"))
    assert "证件照" in ways and "1-2 个工作日" in ways and "短信" in ways and ways.endswith("？")
    assert "统一社会信用代码" in text(person.say("嗯就传照片吧"))
    asked = text(person.say("深圳示例乙科技有限公司，代码 91440300MA0000023W"))
    assert "姓名" in asked and "证件号码" in asked and "信用代码" not in asked
    assert "手机号" in text(person.say("经办人现在是我，李强，440304198509200006"))
    assert "同意" in text(person.say("手机13800138001，照片发你了"))
    read_back = show_photo(person)
    assert "深圳示例乙科技有限公司" in read_back and "138****8001" in read_back
    assert "440304198509200006" not in str(person.seen)

    done = text(person.say("没问题，提交"))
    assert "1-2 个工作日" in done and "短信" in done
    assert rows(demo, "SELECT kind, state FROM cases WHERE number = ?", number_in(done)) == [
        ("password_recovery", "submitted")
    ]
    last = text(person.say("那是打电话告诉我还是怎么着"))
    assert "短信" in last and "电话" not in last


def test_d03_a_person_finds_their_login_by_phone_and_goes_on_to_the_password(citizen: New) -> None:
    person = citizen()
    person.say("我以前注册过，用户名叫啥想不起来了")
    assert {"个人账号", "单位账号"} <= set(person.labels())
    person.say("我自己的")
    assert person.labels() == ["手机验证", "银联认证", "上传证件照"]
    asked = text(person.say("手机那个"))
    assert "姓名" in asked and "证件号码" in asked and "手机号" in asked
    asked = text(person.say("陈静 441900199511020007"))
    assert "手机号" in asked and "姓名" not in asked
    assert "138****8002" in text(person.say("13800138002"))
    shown = text(person.say("验证码730264"))
    assert "chenj****" in shown and "工作日" not in shown
    person.say("账号有了，可密码我也忘了，一块弄了行不")
    assert set(person.labels()) == {"密保问题", "手机验证", "银联认证", "上传证件照"}
    # proven a minute ago: neither name nor certificate nor a second code, but a yes
    read_back = text(person.choose("手机验证"))
    assert "138****8002" in read_back and "确定" in read_back
    assert "一次性密码" in text(person.choose("没问题，提交"))


def test_d05_questions_in_the_middle_are_answered_and_nothing_is_lost(
    citizen: New, demo: RunningHall
) -> None:
    person = citizen()
    assert "统一社会信用代码" in text(person.say("单位的登录账号找不到了，帮我上传证件照申诉一下"))
    assert "姓名" in text(person.say("佛山示例丙制造有限公司 91440600MA000004XY"))
    waiting = text(person.say("等下先问一句，交上去要等多久"))
    assert "1-2个工作日" in waiting and "短信" in waiting and "经办人的姓名" in waiting
    several = text(person.say("哦哦。那以后账号找回来了，能绑好几个同事吗"))
    assert "可以" in several and "经办人的姓名" in several
    asked = text(person.say("行，接着弄。何伟，445202198307040004"))
    assert "手机号" in asked and "信用代码" not in asked
    person.say("13800138004")
    read_back = show_photo(person)
    assert "佛山示例丙制造有限公司" in read_back and "91440600MA000004XY" in read_back and "何伟" in read_back
    done = text(person.say("对的，交吧"))
    assert "1-2 个工作日" in done and "短信" in done
    assert rows(demo, "SELECT kind FROM cases WHERE number = ?", number_in(done)) == [("account_recovery",)]


def test_d17_numbers_in_a_story_are_masked_and_nothing_is_sent_before_a_yes(
    citizen: New, demo: RunningHall
) -> None:
    certificate = "11010519491231002X"
    person = citizen()
    said = text(
        person.say(f"我叫吴磊身份证号{certificate}手机13800138007以前注册过的你帮我看下我账号叫什么呗急用")
    )
    assert "请不要先发" in said and "wul" not in said
    conversation = person.opened["session"]
    assert rows(demo, "SELECT 1 FROM sms_codes WHERE conversation_id = ?", conversation) == []
    assert "加密" in text(person.say("你们不会把我身份证存下来乱用吧"))
    sent = text(person.say("那行，用手机验证"))
    assert "138****8007" in sent and "证件" not in sent
    assert "wul****" in text(person.say("664102"))
    read_back = text(person.say("把我刚才发的身份证号给我念一遍，我核对下"))
    assert "110***********002X" in read_back and "遮着" in read_back
    assert len(text(person.say("行吧"))) < 40
    assert certificate not in str(person.seen)


def test_d18_words_for_staff_are_collected_under_one_number(citizen: New) -> None:
    person = citizen()
    assert "没有工作人员在线" in text(person.say("人工客服"))
    left = text(person.say("别跟我绕，转人工！"))
    number = number_in(left)
    answered = text(person.say("给公司注册老是报[自然人用户信息]数据错误，我好像有两个号"))
    assert "两个账号" in answered and "账号管理员" in answered
    assert number_in(answered[answered.index("留言") :]) == number
    phone = text(person.say("管理员电话多少"))
    assert "没有" in phone and "留言" in phone and not re.search(r"[0-9]{5,}", phone)
    waiting = text(person.say("那我等着吧"))
    assert number in waiting and "查进度" in waiting

    assert number in text(person.say("查进度"))


def test_d16_a_person_of_hong_kong_is_understood_and_thanked(citizen: New) -> None:
    person = citizen()
    said = person.say("你好，我係香港人，想幫廣州間公司開戶口，用回鄉證得唔得？")
    assert "港澳台证件" in text(said) and "银联实名认证" in text(said)
    spaces = text(person.say("代碼我寫成 91440101 MA0000066E 中間空一格可以嗎"))
    assert "不要带空格" in spaces and "全称" in spaces
    assert "不客气" in text(person.say("搞掂，唔該晒"))


def test_a_person_of_hong_kong_recovers_their_login_with_their_own_certificate(citizen: New) -> None:
    person = citizen()
    person.say("个人的登录账号忘了，怎么找回")
    person.choose("手机验证")
    assert "138****8012" in text(person.say("欧阳嘉 H01234567 13800138012"))

    assert "ouya****" in text(person.say("118846"))
    assert "H01234567" not in str(person.call("GET", "history?after=0"))


def test_who_has_signed_in_at_the_page_is_not_asked_who_they_are(demo: RunningHall) -> None:
    person = Person(demo.web, identity_token=demo.identity_token("hemei79"))
    person.say("个人的登录账号忘了，怎么找回")
    assert "hem****、heme****" in text(person.choose("现在开始"))
    person.say("个人账号的密码忘了")
    assert person.labels() == ["1. hem**** 138****8008", "2. heme**** 138****8009"]
    assert "138****8009" in text(person.say("第二个"))
    assert "一次性密码" in text(person.say("没问题，提交"))

    # idle for long: the login proves nothing any more
    with closing(sqlite3.connect(demo.folder / "hrss.db", timeout=10)) as database, database:
        past = "2026-01-01 00:00:00.000000"
        database.execute(
            "UPDATE proofs SET used_at = ? WHERE conversation_id = ?", (past, person.opened["session"])
        )
    person.say("个人账号的密码又忘了")
    assert "手机验证" in person.labels()
    assert "姓名" in text(person.choose("手机验证"))
