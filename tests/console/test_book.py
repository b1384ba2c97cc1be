"""Changing the book: proposed, approved by another, published, rolled back; and never lost between files and console."""

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from flask import Flask

from console import background
from faq import desk, export
from faq.__main__ import main
from faq.shelf import Shelf, shipped_bodies, stock
from hrss import book_changes, books, staff
from hrss.database import Database
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import AuditEntry, BookChange
from tests.console.staff_browser import PASSWORD, Browser

ENTRY = "gd.password.change"


@pytest.fixture
def stocked(database: Database) -> int:
    return stock(database)


@pytest.fixture
def other(app: Flask, database: Database, now: datetime) -> Browser:
    with database.transaction() as session:
        staff.add(session, "chen_lu", "陈露", Role.ADMINISTRATOR, PASSWORD, now)
    browser = Browser(app.test_client())
    browser.sign_in("chen_lu")
    return browser


def form(body: dict[str, object]) -> dict[str, object]:
    """What the form of an entry sends when nothing was touched."""
    fields: dict[str, object] = {
        name: body.get(name, "")
        for name in (
            *("id", "province", "audience", "subject", "question", "answer", "note", "owner", "flow"),
            *("valid_from", "valid_until", "review_by"),
        )
    }
    fields["steps"] = "\n".join(body.get("steps", []))  # type: ignore[arg-type]
    fields["related"] = "\n".join(body.get("related", []))  # type: ignore[arg-type]
    fields["document"] = [each["document"] for each in body["source"]]  # type: ignore[attr-defined]
    fields["section"] = [each["section"] for each in body["source"]]  # type: ignore[attr-defined]
    for voice, said in body["phrases"].items():  # type: ignore[attr-defined]
        fields[f"phrases-{voice}"] = "\r\n".join(said)
    fields["on"] = "yes"
    return fields


def save(browser: Browser, body: dict[str, object], **changed: object) -> object:
    return browser.post("/book/entries", form_on=f"/book/entries/{body['id']}", **{**form(body), **changed})  # type: ignore[arg-type]


def answering(database: Database) -> dict[str, dict[str, object]]:
    with database.reading() as session:
        return books.entries(session, books.current_version(session) or 0)


def test_a_form_that_nobody_touched_changes_nothing(
    colleague: Browser, database: Database, stocked: int
) -> None:
    for entry_id, body in answering(database).items():
        if not body.get("cases") and not body.get("when"):
            response = save(colleague, body)
            assert response.status_code == 409, entry_id  # type: ignore[attr-defined]
            assert "没有要保存的改动" in response.text, entry_id  # type: ignore[attr-defined]
            break


def test_an_answer_is_changed_by_two_people_and_answers_in_every_process(
    colleague: Browser, other: Browser, database: Database, stocked: int
) -> None:
    shelf = Shelf(database, clock=iter(range(0, 1000, 3)).__next__)
    assert shelf.book().version == 1
    body = answering(database)[ENTRY]
    answer = f"{body['answer']}改完请重新登录。"

    looked = save(colleague, body, answer=answer, act="look")
    assert "改完请重新登录" in looked.text  # type: ignore[attr-defined]
    assert "大字版" in looked.text  # type: ignore[attr-defined]
    assert save(colleague, body, answer=answer, reason="办事人总忘了重新登录").status_code == 302  # type: ignore[attr-defined]
    page = colleague.get("/book/changes").text
    assert "等另一位同事核准" in page
    assert "核准</button>" not in page  # who made it does not approve it
    with database.reading() as session:
        [change] = session.query(BookChange).all()
    for address in (f"/book/changes/{change.id}/approve", "/book/publish"):
        refused = colleague.post(address, form_on="/book/changes", change=change.id, reason="x")
        assert refused.status_code == 409
    other.post(f"/book/changes/{change.id}/approve", form_on="/book/changes")
    published = colleague.post("/book/publish", form_on="/book/changes", change=change.id, reason="补一句")

    assert published.status_code == 302
    assert shelf.book()[ENTRY].answer == answer
    assert shelf.book().version == 2
    assert "补一句" in colleague.get("/book/versions/2").text
    # there is nothing before the first: its entries are named, not written out
    first = colleague.get("/book/versions/1").text
    assert "没有可比的版本" in first
    assert body["answer"] not in first
    other.post("/book/versions/1/roll-back", form_on="/book/versions/1", reason="说法不对")
    assert shelf.book()[ENTRY].answer == body["answer"]
    with database.reading() as session:
        done = [
            (row.did, row.staff)
            for row in session.query(AuditEntry).filter_by(subject_kind="book").order_by(AuditEntry.id)
        ]
    assert done == [
        ("entry.proposed", "lin_xiaoyu"),
        ("entry.approved", "chen_lu"),
        ("book.published", "lin_xiaoyu"),
        ("book.rolled_back", "chen_lu"),
    ]


def test_phrases_need_nobody_else_and_collisions_are_shown_with_both_texts(
    colleague: Browser, database: Database, stocked: int
) -> None:
    body = answering(database)[ENTRY]
    taken = answering(database)["gd.password.personal"]["phrases"]["plain"][0]  # type: ignore[index]
    plain = "\n".join([*body["phrases"]["plain"], "密码旧了想弄个新的", taken])  # type: ignore[index]

    looked = save(colleague, body, **{"phrases-plain": plain, "act": "look"})
    assert looked.text.count(taken) >= 2  # type: ignore[attr-defined]
    assert "相同" in looked.text  # type: ignore[attr-defined]
    assert save(colleague, body, **{"phrases-plain": plain}).status_code == 409  # type: ignore[attr-defined]
    fine = plain.replace(f"\n{taken}", "")
    assert save(colleague, body, **{"phrases-plain": fine}).status_code == 302  # type: ignore[attr-defined]
    with database.reading() as session:
        [change] = session.query(BookChange).all()
        assert book_changes.is_ready(session, change)
    colleague.post("/book/publish", form_on="/book/changes", change=change.id, reason="补问法")
    assert "密码旧了想弄个新的" in answering(database)[ENTRY]["phrases"]["plain"]  # type: ignore[index]


def test_an_entry_that_breaks_the_rules_is_not_saved(
    colleague: Browser, database: Database, stocked: int
) -> None:
    body = answering(database)[ENTRY]

    response = save(
        colleague, body, answer="请看 https://example.com/ 上的说明。" * 3, document="", section=""
    )

    assert response.status_code == 409  # type: ignore[attr-defined]
    assert "没有登记的网址" in response.text  # type: ignore[attr-defined]
    assert "没有写依据" in response.text  # type: ignore[attr-defined]


def test_a_change_of_what_has_changed_meanwhile_is_stale(
    colleague: Browser, other: Browser, database: Database, stocked: int, now: datetime
) -> None:
    body = answering(database)[ENTRY]
    save(colleague, body, answer=f"{body['answer']}请记好。")
    with database.transaction() as session:
        bodies = books.entries(session, 1)
        books.publish(session, {**bodies, ENTRY: {**body, "note": "别人先改了。"}}, note="", now=now)
        [change] = session.query(BookChange).all()

    refused = other.post(f"/book/changes/{change.id}/approve", form_on="/book/changes")

    assert refused.status_code == 409
    assert "在这之后又变过" in refused.text


def test_a_difference_shows_what_changed_and_where_lines_are_left_out(
    database: Database, stocked: int
) -> None:
    body = answering(database)[ENTRY]
    phrases = {**body["phrases"], "story": [*body["phrases"]["story"], "最后一句"]}  # type: ignore[dict-item,index]

    lines = desk.difference(body, {**body, "answer": "改了。", "phrases": phrases})

    assert [line for sign, line in lines if sign == "+"] == ["answer: 改了。", "    - 最后一句"]
    assert (" ", "…") in lines
    assert lines[0] != (" ", "…")
    assert desk.difference(body, body) == []


def test_what_ends_or_is_to_be_looked_at_again_is_listed(database: Database, stocked: int) -> None:
    bodies = answering(database)
    ids = sorted(bodies)[:3]
    bodies[ids[0]] = {**bodies[ids[0]], "review_by": "2026-11-20"}
    bodies[ids[1]] = {**bodies[ids[1]], "valid_until": "2026-12-20"}
    bodies[ids[2]] = {**bodies[ids[2]], "valid_until": "2027-12-20"}

    due = desk.due(bodies, datetime(2026, 11, 22).date())

    assert [each.entry for each in due] == ids[:2]


@pytest.fixture
def of_this_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Environment:
        database_url = database.url

    monkeypatch.setattr(Settings, "from_env", lambda: Environment)
    yield


def test_files_never_undo_silently_what_was_published_in_the_console(
    database: Database,
    stocked: int,
    of_this_database: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    moment = datetime(2026, 11, 22, tzinfo=timezone.utc)
    bodies = shipped_bodies()
    bodies[ENTRY] = {**bodies[ENTRY], "note": "在工作台改的。"}
    with database.transaction() as session:
        books.publish(session, bodies, note="改一句", now=moment, by="lin_xiaoyu")

    assert main(["publish"]) == 1
    assert ENTRY in capsys.readouterr().err
    assert answering(database)[ENTRY]["note"] == "在工作台改的。"
    main(["export", str(tmp_path)])
    assert "在工作台改的。" in (tmp_path / f"{ENTRY}.yml").read_text("utf-8")
    assert export.as_yaml(bodies[ENTRY]) == (tmp_path / f"{ENTRY}.yml").read_text("utf-8")
    assert main(["publish", "--over-console"]) == 0
    assert answering(database) == shipped_bodies()


def test_staff_find_entries_and_take_the_book_away(
    colleague: Browser, database: Database, stocked: int
) -> None:
    page = colleague.get("/book?q=常用联系人&province=gd").text
    assert "gd.unbind.common_contact" in page
    assert "hn.login.uk" not in page
    assert colleague.get("/book/export.zip").data[:2] == b"PK"
    assert colleague.get(f"/book/entries/{ENTRY}").status_code == 200
    assert colleague.get("/book/entries/gd.nothing").status_code == 404
    assert colleague.get("/book/new?phrase=怎么换头像").status_code == 200
    assert colleague.get("/book?state=x").status_code == 400


def test_what_the_files_have_otherwise_is_said_and_taken_over_as_a_change(
    colleague: Browser,
    database: Database,
    stocked: int,
    of_this_database: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["status"]) == 0
    bodies = shipped_bodies()
    bodies[ENTRY] = {**bodies[ENTRY], "note": "在工作台改的。"}
    with database.transaction() as session:
        books.publish(session, bodies, note="", now=datetime.now(timezone.utc), by="lin_xiaoyu")

    assert main(["status"]) == 1
    assert f"{ENTRY}\tnot the same" in capsys.readouterr().out
    stock(database)  # as a bot that starts
    assert "book.not_as_in_files" in capsys.readouterr().out
    page = colleague.get("/book/versions").text
    assert "在工作台改的。" in page
    for entries, status in (([], 400), (["gd.nothing"], 400), ([ENTRY], 302)):
        answer = colleague.post("/book/files", form_on="/book/versions", entry=entries, reason="按文件")  # type: ignore[arg-type]
        assert answer.status_code == status
    with database.reading() as session:
        [change] = book_changes.open_ones(session)
        assert change.body == shipped_bodies()[ENTRY]
        assert book_changes.needs_another(change)


def test_a_change_is_tried_before_it_is_saved_and_saved_from_there(
    colleague: Browser, database: Database, stocked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(background, "begin", lambda work, records, trial_id: begun.append(trial_id))
    body = answering(database)[ENTRY]
    plain = "\n".join([*body["phrases"]["plain"], "密码旧了想弄个新的", "记得原密码，怎样修改个人的密码"])  # type: ignore[index]

    tried = save(colleague, body, **{"phrases-plain": plain, "act": "try", "reason": "补问法"})

    assert tried.location.endswith(begun[0])  # type: ignore[attr-defined]
    with database.reading() as session:
        assert book_changes.open_ones(session) == []
    page = colleague.get(f"/book/trials/{begun[0]}").text
    assert "还没有保存" in page
    colleague.post(f"/book/trials/{begun[0]}/save", form_on=f"/book/trials/{begun[0]}")
    with database.reading() as session:
        [change] = book_changes.open_ones(session)
        assert (change.note, change.body["phrases"]["plain"][-2]) == ("补问法", "密码旧了想弄个新的")
    assert "还没有保存" not in colleague.get(f"/book/trials/{begun[0]}").text
    again = colleague.post(f"/book/trials/{begun[0]}/save", form_on="/book/changes")
    assert again.status_code in (302, 409)
    assert save(colleague, body, act="try").status_code == 409, "nothing would change"  # type: ignore[attr-defined]
