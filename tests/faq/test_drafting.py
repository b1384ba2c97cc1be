"""Manuals of every kind become drafts with the right source; what is no manual is refused."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import docx
import pytest
from fpdf import FPDF

from faq import manuals
from faq.book import Book, load_files
from faq.drafting import Draft, drafts
from hrss.errors import ManualUnreadable
from tests.conftest import ROOT

# An invented manual: titles by number, steps by number, a message, a condition.
MANUAL = """\
职工之家网上报名操作手册

1 报名
1.1 个人怎样报名
打开报名页面，先登录个人账号。
1）点击【我要报名】。
2）选择场次，点击【提交】。
1.2 名额已满
报名时提示“当前场次名额已满，请选择其他场次”，请换一个场次，或者点击【候补】排队。
2.修改报名
1. 登录后打开【我的报名】。
2. 点击【修改】，换好场次再提交。
操作流程
报名成功之后一共可以修改两次，第二次修改之后不能再改。
如果要取消报名的，请在活动开始前一天点击【取消报名】，名额会让给候补的人。
"""
HEADINGS = {"1 报名": 1, "1.1 个人怎样报名": 2, "1.2 名额已满": 2, "2.修改报名": 1}


def as_text(lines: list[str]) -> bytes:
    return "\r\n".join(lines).encode("gb18030")


def as_word(lines: list[str]) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_heading(line, HEADINGS[line]) if line in HEADINGS else document.add_paragraph(line)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_pdf(lines: list[str]) -> bytes:
    page = FPDF()
    page.add_page()
    page.add_font("hall", fname=ROOT / "hrss" / "fonts" / "HallSansSC.ttf")
    page.set_font("hall", size=14)
    for line in filter(None, lines):
        page.multi_cell(90, 8, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


@pytest.fixture(scope="module")
def book() -> Book:
    return load_files()


def drafted(name: str, content: bytes, book: Book) -> list[Draft]:
    return drafts(
        manuals.sections(manuals.read(name, content)),
        book,
        document="报名手册",
        title="报名操作手册",
        province="gd",
        today=dt.date(2026, 11, 30),
    )


@pytest.mark.parametrize(
    ("name", "written"), [("手册.txt", as_text), ("手册.docx", as_word), ("手册.PDF", as_pdf)]
)
def test_every_section_becomes_a_draft_with_its_source(
    name: str, written: Callable[[list[str]], bytes], book: Book
) -> None:
    found = {each.place: each.body for each in drafted(name, written(MANUAL.splitlines()), book)}

    assert {"1.1", "1.2", "2"} <= set(found)
    first, full, second = found["1.1"], found["1.2"], found["2"]
    assert first["question"] == "个人怎样报名？" or first["question"].startswith("个人怎样报名")
    assert first["answer"] == "打开报名页面，先登录个人账号。"
    assert first["steps"] == ["点击【我要报名】。", "选择场次，点击【提交】。"]
    assert first["source"] == [{"document": "报名手册", "section": "1.1", "title": "报名操作手册"}]
    assert first["audience"] == "person"
    assert full["phrases"]["paste"] == ["当前场次名额已满，请选择其他场次"]
    assert second["steps"] == ["登录后打开【我的报名】。", "点击【修改】，换好场次再提交。"]
    assert second["question"] == "修改报名怎么办理？"


def test_a_condition_is_a_question_of_its_own_and_a_title_that_says_nothing_gets_the_one_above(
    book: Book,
) -> None:
    found = {each.body["question"]: each for each in drafted("手册.txt", as_text(MANUAL.splitlines()), book)}

    cancelled = found["要取消报名怎么办？"]
    assert cancelled.place == "2 操作流程"
    assert cancelled.body["answer"].startswith("如果要取消报名的")
    assert "修改报名操作流程怎么办理？" in found


def test_what_the_book_has_already_is_named(book: Book) -> None:
    lines = [
        "1. 忘了单位登录账号怎样找回",
        "点【账号找回】，选“单位找回账号”，上传经办人证件照，等管理员审核。",
        "2. 别的",
        "没有了，谢谢大家。",
    ]

    found = drafted("手册.txt", "\n".join(lines).encode(), book)[0]

    assert "gd.recover.unit_account" in [entry for entry, _ in found.nearest]
    assert found.body["related"] == [entry for entry, _ in found.nearest]


def packed(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * size)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("手册.docx", b"no archive"),
        ("手册.docx", packed(100)),
        ("手册.docx", packed(manuals.LARGEST_UNPACKED + 1)),
        ("手册.pdf", b"%PDF-1.7 nothing else"),
        ("手册.txt", b"\x00\x01\x02"),
        ("手册.txt", bytes(range(128, 256))),
        ("手册.txt", b" \n "),
        ("手册.doc", b"an old one"),
        ("手册", "没有后缀".encode()),
        ("手册.txt", b"a" * (manuals.LARGEST + 1)),
    ],
    ids=(
        "no archive",
        "no document",
        "a bomb",
        "no PDF",
        "zeros",
        "no encoding",
        "nothing",
        "an old form",
        "no ending",
        "too long",
    ),
)
def test_what_is_no_manual_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(ManualUnreadable):
        manuals.read(name, content)
