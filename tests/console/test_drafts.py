"""From a manual handed in to an entry that answers, through drafts; over the console's own pages."""

import io
import re
from datetime import datetime

import pytest
from flask import Flask

from faq import desk
from faq.__main__ import main
from faq.shelf import stock
from hrss import books, drafts, staff
from hrss.database import Database
from hrss.settings import Settings
from hrss.staff import Role
from tests.console.staff_browser import PASSWORD, USERNAME, Browser
from tests.faq.test_drafting import MANUAL

ENTRY = "gd.signup.cancel"
FULL = "当前场次名额已满，请选择其他场次"


@pytest.fixture
def stocked(database: Database) -> int:
    return stock(database)


def hand_in(browser: Browser, name: str = "报名手册.txt", content: bytes = MANUAL.encode()) -> object:
    return browser.post(
        "/book/drafts",
        form_on="/book/drafts",
        file=(io.BytesIO(content), name),  # type: ignore[arg-type]
        province="gd",
        title="职工之家报名操作手册",
    )


def of(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {draft.body["question"]: draft.id for draft in drafts.all_of(session)}


def test_a_manual_becomes_an_entry_that_cites_it(
    colleague: Browser, app: Flask, database: Database, stocked: int, now: datetime
) -> None:
    hand_in(colleague)
    found = of(database)
    page = colleague.get("/book/drafts").text
    assert all(question in page for question in found)

    form = colleague.get(f"/book/new?draft={found['名额已满怎么办？']}").text
    assert FULL in form and "手册原文" in form
    fields = {
        **dict(re.findall(r'<input type="hidden" name="(draft|document-named|document-title)" value="([^"]+)"', form)),
        "id": ENTRY, "province": "gd", "audience": "person", "subject": "signup", "owner": "本人", "on": "yes",
        "question": "报名时提示名额已满怎么办？", "valid_from": "2026-11-01", "document": "报名手册", "section": "1.2",
        "answer": "这个场次已经报满了。您可以换一个还有名额的场次，也可以点【候补】排队，有人取消时会按先后补上。",
        "phrases-plain": "报名满了怎么办", "phrases-paste": FULL, "act": "save",
    }  # fmt: skip
    saved = colleague.post("/book/entries", form_on="/book/new", **fields)
    assert saved.status_code == 302, re.findall(r"<li>(.+?)</li>", saved.text)[:9]
    assert "名额已满怎么办？" not in of(database), "the draft is used up"

    with database.transaction() as session:
        staff.add(session, "chen_lu", "陈露", Role.ADMINISTRATOR, PASSWORD, now)
    other = Browser(app.test_client())
    other.sign_in("chen_lu")
    [address] = re.findall(r"/book/changes/\w+/approve", other.get("/book/changes").text)
    other.post(address, form_on="/book/changes")
    change = address.split("/")[3]
    assert (
        other.post("/book/publish", form_on="/book/changes", change=change, reason="新手册").status_code
        == 302
    )
    with database.reading() as session:
        book = desk.book_of(books.entries(session, 2), 2)
    assert book.source(ENTRY) == "《职工之家报名操作手册》1.2"


def test_the_same_manual_again_takes_the_place_of_its_drafts_and_drafts_can_be_dropped(
    colleague: Browser, database: Database, stocked: int
) -> None:
    hand_in(colleague)
    first = of(database)
    hand_in(colleague)
    again = of(database)
    assert list(first) == list(again)

    question, number = next(iter(again.items()))
    for status in (302, 409):  # a double click is told that it is gone
        assert colleague.post(f"/book/drafts/{number}/drop", form_on="/book/drafts").status_code == status
    assert question not in of(database)
    colleague.post("/book/drafts/drop", form_on="/book/drafts", file="报名手册.txt")
    assert of(database) == {}


@pytest.mark.parametrize("name", ["手册.exe", "扫描件.pdf", "手册.docx"])
def test_a_file_that_is_no_manual_is_refused_in_a_sentence_and_keeps_what_is_there(
    colleague: Browser, database: Database, stocked: int, name: str
) -> None:
    hand_in(colleague)
    there = of(database)

    refused = hand_in(colleague, name, b"%PDF- or what else")

    assert refused.status_code == 409  # type: ignore[attr-defined]
    assert f"读不了“{name}”" in refused.text  # type: ignore[attr-defined]
    assert of(database) == there


def test_a_manual_is_drafted_from_the_command_line(
    database: Database,
    stocked: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Environment:
        database_url = database.url

    monkeypatch.setattr(Settings, "from_env", lambda: Environment)
    file = tmp_path / "手册.txt"  # type: ignore[operator]
    file.write_text(MANUAL, encoding="utf-8")
    command = ["draft", str(file), "--province", "gd", "--by"]

    assert main([*command, "nobody"]) == 1
    assert main([*command, USERNAME]) == 0
    assert f"{len(of(database))} drafts" in capsys.readouterr().out
    assert main(["draft", str(file.with_suffix(".docx")), "--province", "gd", "--by", USERNAME]) == 1
