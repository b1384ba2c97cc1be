"""A text that names one of two opposites is not taken for the other; one that names both is left alone."""

from __future__ import annotations

import pytest

from faq.book import load_files
from faq.clean import clean
from faq.opposites import LEFT, load_opposites, spoken_against, told_apart
from faq.understanding import book_examples, load_clarifications

BOOK = load_files()
BIND, RELEASE = "entry:gd.bind.initiate", "entry:gd.unbind.handler"
NAME, PASSWORD = "entry:gd.recover.unit_account", "entry:gd.password.unit"


@pytest.mark.parametrize(
    ("said", "against"),
    [
        ("怎样给经办人绑定", RELEASE),
        ("怎么绑订经办人", RELEASE),
        ("我要绑定一个子账号", RELEASE),
        ("怎样给经办人解绑", BIND),
        ("取消绑定按哪个", BIND),
        ("点样取消返個綁定", BIND),
        ("经办人绑定关系我想解除", BIND),
        ("单位的登录名忘了", PASSWORD),
        ("单位的密码忘了", NAME),
        ("没有UK能登吗", "entry:hn.login.uk"),
        ("有UK咋登", "entry:hn.login.no_cert"),
        ("我记得密码，想换一个", PASSWORD),
        ("不是忘了，是想换一个密码", PASSWORD),
        ("不是公司那个，是我自己的密码", PASSWORD),
        ("把业务权限收回来", "entry:gd.grant.business"),
        ("我要注销账号", "entry:gd.register.personal"),
        ("不想要这笔钱", "entry:hn.refund.confirm_steps"),
        ("公示期过了还能改吗", "entry:hn.refund.repeat_confirm"),
    ],
)
def test_who_says_one_thing_does_not_mean_its_opposite(said: str, against: str) -> None:
    assert against in set(spoken_against(clean(said)))


@pytest.mark.parametrize(
    "said", ["解绑以后怎么重新绑定别人", "换经办人", "绑定和解绑有什么区别", "帮我看看怎么弄"]
)
def test_who_names_both_or_neither_rules_nothing_out(said: str) -> None:
    assert not {BIND, RELEASE} & set(spoken_against(clean(said)))


def test_what_is_spoken_against_keeps_little_and_the_rest_shares_what_it_loses() -> None:
    told = told_apart({BIND: 0.4, RELEASE: 0.5, "outside:tax": 0.1}, clean("怎样给经办人绑定"))

    assert told[BIND] > 3 * told[RELEASE]
    assert told[RELEASE] == pytest.approx(0.5 * LEFT / (0.5 + 0.5 * LEFT))
    assert sum(told.values()) == pytest.approx(1)


def test_every_label_is_one_that_can_be_meant() -> None:
    known = {f"entry:{entry.id}" for entry in BOOK} | {f"vague:{each}" for each in load_clarifications()}
    named = {
        label for pair in load_opposites() for side in (pair.first, pair.second) for label in side.labels
    }

    assert {label for label in named - known if not label.startswith("intent:")} == set()


def test_hardly_a_phrase_of_the_book_speaks_against_its_own_entry() -> None:
    examples = list(book_examples(BOOK))
    against = [each for each in examples if each.label in set(spoken_against(clean(each.text)))]

    assert len(against) <= 0.002 * len(examples), against
