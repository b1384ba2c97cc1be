"""Turns that mean nothing without the one before, with the running bot."""

from __future__ import annotations

from tests.conftest import RunningHall
from tests.talk import Message, Person


def entry(messages: list[Message]) -> str | None:
    return next((message["entry"]["id"] for message in messages if message.get("entry")), None)


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def test_a_short_question_is_read_with_the_last_answer(hall: RunningHall) -> None:
    person = Person(hall.web)
    assert entry(person.say("怎么注册个人账号")) == "gd.register.personal"

    assert entry(person.say("那单位的呢")) == "gd.register.unit"
    assert entry(person.say("个人的呢？")) == "gd.register.personal"


def test_the_other_province_is_a_word_away(hall: RunningHall) -> None:
    person = Person(hall.web, province=None)
    assert entry(person.say("广东人社网上服务平台的登录网址是什么")) == "gd.login.address"

    assert entry(person.say("那河南的呢")) == "hn.login.address"


def test_what_did_not_help_leads_to_what_lies_near(hall: RunningHall) -> None:
    person = Person(hall.web)
    person.say("怎么发起绑定经办人")

    person.say("照做了，还是不行")

    assert "绑定个人账号时提示“未查型对应用户”（查不到用户）怎么办？" in person.labels()


def test_steps_are_asked_for_by_number_and_one_after_the_other(hall: RunningHall) -> None:
    person = Person(hall.web)
    assert entry(person.say("你好，我係香港人，想幫廣州間公司開戶口，用回鄉證得唔得？")) == "gd.register.hkmt"

    assert "先用港澳台证件注册个人账户" in text(person.say("咁第一步係邊度撳？"))
    assert "银联实名认证" in text(person.say("註冊好了，下一步呢"))
    assert "注册单位账户" not in text(person.say("第二步再说一遍"))
