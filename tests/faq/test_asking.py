"""In a story the question is one clause of several."""

from __future__ import annotations

import pytest

from faq.asking import asked
from faq.clean import clean


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("怎么给经办人绑定", "怎么给经办人绑定"),
        ("密码重置 单位", "密码重置,单位"),  # a last clause as short as this is nothing alone
        ("我们搬了办公室，营业执照也换了，公司的座机在哪儿改？名称没变。", "公司的座机在哪儿改"),
        ("老板把UK弄丢了，网厅登不进去，咋办", "网厅登不进去,咋办"),
        ("绑定要对方同意吗？单位能绑几个人？我刚接手", "绑定要对方同意吗,单位能绑几个人"),
        ("，。！", ",。!"),
        ("", ""),
    ],
)
def test_the_clauses_that_ask_are_taken(text: str, question: str) -> None:
    assert asked(clean(text)) == question
