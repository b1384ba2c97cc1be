"""What leans on the last answer is read with it, and what speaks for itself is not."""

from __future__ import annotations

import pytest

from faq.book import load_files
from faq.clean import clean
from faq.followups import (
    asks_what_else,
    exchanged,
    leaning,
    nexts,
    offered_place,
    says_it_did_not_help,
    step_asked,
    without_pointing,
)

BOOK = load_files()


@pytest.mark.parametrize(
    ("last", "said", "question"),
    [
        ("gd.password.personal", "那单位的呢", "忘记单位账号的密码怎么办？"),
        ("gd.password.personal", "單位的呢？", "忘记单位账号的密码怎么办？"),
        ("gd.password.personal", "公司呢", "忘记单位账号的密码怎么办？"),
        ("gd.password.personal", "如果是企业账号怎么办", "忘记单位账号的密码怎么办？"),
        ("gd.password.personal", "我问的是单位账号", "忘记单位账号的密码怎么办？"),
        ("gd.password.unit", "那个人的呢", "忘记个人账号的密码怎么办？"),
        ("gd.password.unit", "自己的号咋弄", "忘记个人账号的密码怎么办？"),
        ("gd.recover.personal_account", "换成单位账号呢", "忘记了单位登录账号，怎么找回？"),
        ("gd.recover.unit_account", "个人账号也一样吗", "忘记了个人登录账号，怎么找回？"),
        ("gd.login.address", "河南的呢", "河南人社厅网上服务平台的登录网址是什么？"),
        ("hn.login.address", "那广东呢", "广东社保单位网厅的网址是什么？"),
    ],
)
def test_the_last_question_is_asked_again_for_the_other_side(last: str, said: str, question: str) -> None:
    exchange = exchanged(clean(said), BOOK[last])

    assert exchange is not None
    assert exchange.question == question


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("gd.password.personal", "那个人的呢"),  # the side that was answered
        ("gd.password.personal", "单位账号怎么注册"),  # a question of its own
        ("gd.password.personal", "那要多久呢"),
        ("gd.password.personal", "单位地址变了要告诉你们吗"),
        ("gd.login.address", "那广东呢"),
    ],
)
def test_a_question_of_its_own_is_left_alone(last: str, said: str) -> None:
    assert exchanged(clean(said), BOOK[last]) is None


@pytest.mark.parametrize(
    "said",
    [
        "还是不行",
        "試了，還是不行",
        "照做了没用",
        "还是登不上啊",
        "试过了不管用",
        "按你说的做了还是进不去",
        "都不行怎么办",
    ],
)
def test_an_answer_that_did_not_help_is_noticed(said: str) -> None:
    assert says_it_did_not_help(clean(said))


@pytest.mark.parametrize(
    "said", ["密码不行要换吗", "行", "单位注册不了提示单位已注册", "没有用户名", "可以了"]
)
def test_other_words_do_not_say_that_it_did_not_help(said: str) -> None:
    assert not says_it_did_not_help(clean(said))


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("咁第一步係邊度撳？", 0),
        ("第三步没看懂", 2),
        ("第2步在哪里点", 1),
        ("头一步干啥", 0),
        ("註冊好了，下一步呢", -1),
        ("弄好了，接下来做什么", -1),
        ("然后呢", -1),
        ("第九步呢", None),  # there are only four
        ("单位注册好之后要做什么", None),
        ("公司那邊要填什麼", None),
    ],
)
def test_a_step_is_asked_for_by_number_or_as_the_next(said: str, step: int | None) -> None:
    assert step_asked(clean(said), BOOK["gd.register.hkmt"]) == step


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("上面说的授权码是什么", "授权码是什么"),
        ("你刚才提到的那个粤信签在哪里下载", "粤信签在哪里下载"),
        ("前面讲的常用联系人怎么设", "常用联系人怎么设"),
        ("授权码是什么", None),
        ("说明在哪里", None),
    ],
)
def test_pointing_back_is_taken_away(said: str, rest: str | None) -> None:
    assert without_pointing(clean(said)) == rest


def test_what_is_related_to_the_last_answer_becomes_likelier_for_short_questions_only() -> None:
    last = BOOK["gd.register.hkmt"]
    scores = {"entry:gd.register.unit": 0.3, "entry:gd.bind.initiate": 0.3, "outside:tax": 0.4}

    leant = leaning(scores, clean("那要填什么呢"), last)

    assert leant["entry:gd.register.unit"] > 2 * leant["entry:gd.bind.initiate"]
    assert sum(leant.values()) == pytest.approx(1)
    assert leaning(scores, clean("我想给我们新开的公司办一个能在网上办业务的账号呢"), last) == scores


@pytest.mark.parametrize(
    "said",
    [
        "还要做什么",
        "它说成功了，还要搞么子吗",
        "弄好了还要干啥",
        "仲要做乜嘢",
        "还有什么要办的吗",
        "接下来要办哪些手续",
    ],
)
def test_what_is_left_to_do_is_asked_in_many_ways(said: str) -> None:
    assert asks_what_else(clean(said))


@pytest.mark.parametrize(
    "said", ["还要身份证吗", "还要等多久", "我要做什么业务都办不了怎么回事啊", "还有问题"]
)
def test_other_questions_do_not_ask_what_is_left(said: str) -> None:
    assert not asks_what_else(clean(said))


def test_what_comes_after_an_entry_stands_in_the_book_and_in_its_province() -> None:
    for entry, following in nexts().items():
        assert BOOK[entry].province == BOOK[following].province
        assert entry != following


@pytest.mark.parametrize(
    ("said", "place"),
    [("前面那个", 0), ("就上面的吧", 0), ("后面那个", -1), ("最后一个", -1), ("前面的步骤没看懂", None)],
)
def test_a_choice_is_pointed_at_by_its_place(said: str, place: int | None) -> None:
    assert offered_place(clean(said)) == place


def test_a_few_letters_lean_on_the_last_answer_without_a_word_for_it() -> None:
    scores = {"entry:gd.register.unit": 0.3, "entry:gd.bind.initiate": 0.3, "outside:tax": 0.4}

    leant = leaning(scores, clean("要填什么"), BOOK["gd.register.hkmt"])

    assert leant["entry:gd.register.unit"] > 2 * leant["entry:gd.bind.initiate"]
