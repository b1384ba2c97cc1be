"""Conversations with the running bot, as people at the hall have them."""

from __future__ import annotations

import pytest

from tests.conftest import RunningHall
from tests.talk import Message, Person


@pytest.fixture
def person(hall: RunningHall) -> Person:
    return Person(hall.web)


def entry(messages: list[Message]) -> str | None:
    return next((message["entry"]["id"] for message in messages if message.get("entry")), None)


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def test_a_question_gets_the_answer_of_the_book_word_for_word_with_its_source(person: Person) -> None:
    said = person.say("公司账号密码忘了，而且已经实名过")

    assert entry(said) == "gd.password.unit_verified_only_contact"
    assert "通过常用联系人找回" in text(said)
    assert said[0]["entry"]["source"].startswith("《")
    assert (
        said[0]["entry"]["number"] == f"gd.password.unit_verified_only_contact@{said[0]['entry']['version']}"
    )


def test_a_pasted_error_message_is_answered_before_any_model_is_asked(person: Person) -> None:
    said = person.say("当前账号实名等级不足，请至少提升至二级实名后重试")

    assert entry(said) == "gd.error.level_insufficient_register"


def test_what_is_too_vague_is_asked_back_and_the_answer_is_remembered(person: Person) -> None:
    asked = person.say("忘记密码了")

    assert {"个人账号", "单位账号"} <= set(person.labels())
    assert entry(asked) is None

    assert entry(person.choose("单位账号")) == "gd.password.unit"
    # asked once: the same vague question is now about the organization
    assert entry(person.say("忘记密码了")) == "gd.password.unit"


@pytest.mark.parametrize("reply", ["单位的", "第二个", "2", "单位账号"])
def test_a_question_back_can_be_answered_in_words(hall: RunningHall, reply: str) -> None:
    person = Person(hall.web)
    person.say("忘记密码了")

    assert entry(person.say(reply)) == "gd.password.unit"


def test_none_of_these_is_an_answer_too(person: Person) -> None:
    person.say("忘记密码了")

    said = person.choose("都不是")

    assert text(said)
    assert entry(said) is None


@pytest.mark.parametrize("page", ["gd", "hn"])
def test_the_page_decides_the_province(hall: RunningHall, page: str) -> None:
    person = Person(hall.web, province=page)

    said = person.say("登录的网址是多少，我收藏的没了")
    shown = entry(said) or entry(person.choose(person.labels()[0]))

    assert shown == f"{page}.login.address"


@pytest.mark.parametrize(
    ("page", "question", "wanted", "unwanted"),
    [
        ("gd", "河南的单位网厅网址是多少", "siwsfw.hrss.henan.gov.cn", "hrss.gd.gov.cn"),
        ("hn", "广东省人社厅网上服务平台的网址是多少", "ggfw.hrss.gd.gov.cn", "henan"),
    ],
)
def test_a_question_that_names_the_other_province_is_answered_for_it(
    hall: RunningHall, page: str, question: str, wanted: str, unwanted: str
) -> None:
    said = text(Person(hall.web, province=page).say(question))

    assert wanted in said
    assert unwanted not in said


def test_other_provinces_get_no_answer_of_ours(hall: RunningHall) -> None:
    person = Person(hall.web, province=None)

    said = text(person.say("我们公司在杭州，稳岗返还在哪儿确认"))

    assert "广东和河南" in said
    assert "http" not in said


def test_the_menu_leads_to_an_answer_by_tapping_alone_and_back_again(person: Person) -> None:
    person.choose("看看能办什么")
    groups = person.labels()
    assert "登录" in groups

    person.choose("登录")
    entries = person.labels()
    answer = person.choose(entries[0])
    assert entry(answer)

    person.say("上一步")
    assert person.labels() == entries
    person.say("上一步")
    assert person.labels() == groups


def test_the_decision_guide_ends_with_system_level_and_next_step(person: Person) -> None:
    said = person.say("我该用哪个账号登录")
    taps = 0
    while not any("advice" in message for message in said):
        taps += 1
        assert taps <= 5
        said = person.choose(person.labels()[0])

    advice = next(message["advice"] for message in said if "advice" in message)
    assert {"system", "reached", "needed", "next", "source"} <= set(advice)


def test_an_answer_can_be_had_one_step_at_a_time(person: Person) -> None:
    person.say("怎样注册广东人社平台的个人账号")
    first = text(person.choose("一步一步说"))
    second = text(person.say("好了，下一步呢"))
    again = text(person.say("再说一遍"))
    third = text(person.say("填好嘞"))

    assert first.startswith("第 1 步")
    assert second.startswith("第 2 步")
    assert again == second
    assert third.startswith("第 3 步")


def test_starting_anew_forgets_what_was_remembered(person: Person) -> None:
    person.say("忘记密码了")
    person.choose("单位账号")
    person.say("重新开始")

    assert entry(person.say("忘记密码了")) is None
    assert {"个人账号", "单位账号"} <= set(person.labels())


@pytest.mark.parametrize(
    ("said", "intent_words"),
    [
        ("你好", "您好"),
        ("谢谢", "不客气"),
        ("你是机器人吗", "机器人"),
        ("你们会不会把我的身份证存下来乱用", "加密"),
        ("找人工", "工作人员"),
    ],
)
def test_small_talk_gets_a_polite_sentence(person: Person, said: str, intent_words: str) -> None:
    assert intent_words in text(person.say(said))


@pytest.mark.parametrize("question", ["养老金怎么领", "医保卡丢了怎么补", "公积金怎么提取"])
def test_what_is_not_ours_is_said_to_be_elsewhere(person: Person, question: str) -> None:
    said = person.say(question)

    assert entry(said) is None
    assert "资料" in text(said) or "不归" in text(said) or "不在" in text(said)


def test_a_number_alone_is_masked_and_used_for_nothing(person: Person) -> None:
    said = person.say("440106198802290006")

    assert "遮住" in text(said)
    assert "440106198802290006" not in str(person.seen)


def test_a_password_is_masked_and_the_person_is_warned(person: Person) -> None:
    said = person.say("密码是Abc-98765帮我改一下")

    assert "工作人员不会" in text(said)
    assert "Abc-98765" not in str(person.seen)
