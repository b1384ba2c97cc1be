"""Questions are found while they are typed, in characters or by the letters of their pinyin."""

import pytest

from faq.book import Book, load_files
from faq.suggest import MOST, suggest


@pytest.fixture(scope="module")
def book() -> Book:
    return load_files()


@pytest.mark.parametrize(
    ("typed", "province", "entry"),
    [
        ("zhmm", "gd", "gd.password.unit"),
        ("ZHMM", "gd", "gd.password.unit"),
        ("zhaohuimima", "gd", "gd.password.unit"),
        ("单位zhmm", "gd", "gd.password.unit"),
        ("bdjbr", "gd", "gd.bind.initiate"),
        ("wgfh", "hn", "hn.refund.confirm_steps"),
        ("uk登录", "hn", "hn.login.uk"),
        ("忘记密码", "gd", "gd.password.unit"),
    ],
)
def test_a_question_is_suggested_before_it_is_written_out(
    book: Book, typed: str, province: str, entry: str
) -> None:
    found = suggest(book, typed, province)
    assert entry in [each.entry for each in found]
    assert all(each.question == book[each.entry].question for each in found)


@pytest.mark.parametrize("typed", ["mm", "登录", "dl", "zc"])
@pytest.mark.parametrize("province", ["gd", "hn"])
def test_suggestions_are_few_different_and_of_the_province(book: Book, typed: str, province: str) -> None:
    entries = [each.entry for each in suggest(book, typed, province)]
    assert 0 < len(entries) <= MOST
    assert len(set(entries)) == len(entries)
    assert {entry.split(".")[0] for entry in entries} == {province}


@pytest.mark.parametrize("typed", ["", " ", "m", "vvvv", "xqzjv", "😀😀"])
def test_what_resembles_nothing_suggests_nothing(book: Book, typed: str) -> None:
    assert suggest(book, typed, "gd") == []
