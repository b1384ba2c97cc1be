"""What people write in pinyin among characters is read as the words it spells; other letters stay as they are."""

import pytest

from faq.clean import clean
from faq.pinyin import read_pinyin


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("zhuce", "注册"),
        ("geren zhuce在哪里点", "个人注册在哪里点"),
        ("danweizhanghao denglu不上", "单位账号登录不上"),
        ("wodemima wangle", "我的密码忘了"),
        ("公司号deng录了", "公司号登录了"),
        ("授quan码在哪领", "授权码在哪领"),
        ("点了queding没反应", "点了确定没反应"),
    ],
)
def test_whole_words_are_read(written: str, read: str) -> None:
    assert read_pinyin(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "l1和l2有什么区别",
        "uk插不上",
        "https://ggfw.hrss.gd.gov.cn/isso/login.html 打不开",
        "发到 someone@example.com 了",
        "app 在哪里下载",
        "my name",
        "gd人社",
        "asdfgh",
    ],
)
def test_what_spells_no_words_stays(written: str) -> None:
    assert read_pinyin(written) == written


def test_a_question_in_pinyin_is_spelt_as_the_book_spells_it() -> None:
    assert clean("ＤＡＮＷＥＩ mima忘了") == clean("单位密码忘了")
