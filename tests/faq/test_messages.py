"""The halls' error messages are found in what people paste, and in nothing else."""

from collections.abc import Iterator

import pytest

from faq.book import load_files
from faq.clean import clean
from faq.messages import ErrorMessage, load_messages, recognise

CONFUSABLE = {"gd.error.unit_id_used", "gd.error.person_id_used", "gd.username_taken"}


def recognised(text: str) -> str | None:
    found = recognise(clean(text))
    return found.error.entry if found else None


def damaged(message: str) -> Iterator[str]:
    """Yield the message as it arrives: with a letter lost, badly copied, and quoted in full width within a question."""
    middle = len(message) * 2 // 3
    yield f"页面提示“{message[:middle]}{message[middle + 1 :]}”怎么办"
    yield f"系统弹出：{message[:middle]} {message[middle:]}　×　返 回"
    yield "您好，我办的时候它报错【" + message.replace("，", ",").replace("L3", "Ｌ３") + "】，该怎么处理呢"


def all_forms() -> list[tuple[ErrorMessage, str]]:
    return [(error, form) for error in load_messages() for form in (error.message, *error.variants)]


@pytest.mark.parametrize("error", load_messages(), ids=lambda error: error.key)
def test_a_message_pasted_bare_is_recognised(error: ErrorMessage) -> None:
    assert recognised(error.message) == error.entry


def test_messages_survive_damage() -> None:
    tried = [(error, text) for error in load_messages() for text in damaged(error.message)]
    missed = [(error.key, text) for error, text in tried if recognised(text) != error.entry]
    assert len(tried) == 3 * len(load_messages())
    assert len(missed) <= 0.05 * len(tried), missed


@pytest.mark.parametrize(("error", "form"), all_forms(), ids=lambda value: getattr(value, "key", value))
def test_no_form_of_a_message_is_taken_for_another(error: ErrorMessage, form: str) -> None:
    assert recognised(f"提示：{form}") == error.entry


@pytest.mark.parametrize("error", [e for e in load_messages() if e.entry in CONFUSABLE], ids=lambda e: e.key)
def test_the_three_messages_about_what_is_taken_are_never_confused(error: ErrorMessage) -> None:
    for form in (error.message, *error.variants):
        for place in range(len(form)):
            for text in (
                form[:place] + form[place + 1 :],
                form[:place] + "某" + form[place + 1 :],
                form[place:],
            ):
                for said in (text, f"提示{text}", f"注册时弹出“{text}”怎么办"):
                    assert recognised(said) in (error.entry, None), said


@pytest.mark.parametrize(
    "said", ["证件号码已被使用", "已被使用", "已经被使用", "提示证件号码已经被使用", "已注册"]
)
def test_a_part_that_fits_several_messages_is_none(said: str) -> None:
    assert recognised(said) is None


@pytest.mark.parametrize(
    "said",
    [
        "单位注册",
        "单位注册提示要填什么",
        "单位注册页面显示不全",
        "怎么单位注册",
        "单位注册失败",
        "页面显示单位已注册成功，下一步做什么",
        "单位没注册提示去注册",
        "单位未注册",
        "用户名怎么填",
        "用户名可以用中文吗",
        "提示填一个用户名",
        "填未被使用的用户名",
        "提示用户名没有被使用",
        "密码错误次数有限制吗",
        "忘记用户名和密码",
        "怎样提升实名等级",
        "单位实名等级怎么查",
        "个人证件号码填错了",
        "单位证件号码在哪里看",
        "弹窗里的统一社会信用代码怎么填",
        "用统一社会信用代码注册账号",
        "查询到对应业务",
        "绑定用户信息填什么",
        "修改单位信息",
        "怎样修改单位信息，提示要登录",
        "单位信息修改成功后做什么",
        "自然人用户注册",
        "自然人证件照怎么上传",
        "数据错误去哪里改",
        "稳岗返还政策确认单在哪",
        "请问怎样认真阅读政策",
        "退出重新登录",
        "请问点击确认以后做什么",
        "公司注册过了吗",
        "单位已经登录",
    ],
)
def test_an_ordinary_question_that_resembles_a_message_is_not_taken_for_one(said: str) -> None:
    assert recognised(said) is None


def test_only_messages_of_the_province_are_looked_for() -> None:
    assert recognise(clean("用户名已被使用"), "hn") is None
    assert recognise(clean("用户名已被使用"), "gd") is not None


def test_every_message_leads_to_an_entry_of_the_book() -> None:
    book = load_files()
    assert [error.key for error in load_messages() if error.entry not in book] == []
