"""The queue of cases: what waits goes over as many pages as it needs."""

import re
from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from hrss import staff
from hrss.case_states import CaseKind, CaseState
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import Case
from tests.console.staff_browser import PASSWORD, Browser
from tests.console.test_conversation_pages import talk

NUMBER = re.compile(r'href="/cases/(GD\d{7})"')
NEXT = re.compile(r'href="([^"]+)" rel="next"')
WAITING = 230


@pytest.fixture
def officer(app: Flask, database: Database, now: datetime) -> Browser:
    with database.transaction() as session:
        staff.add(session, "officer", "坐席甲", Role.CASE_OFFICER, PASSWORD, now)
    browser = Browser(app.test_client())
    browser.sign_in("officer")
    return browser


@pytest.fixture
def waiting(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        conversation_id = talk(session, "找人工", now)
        for number in range(WAITING):
            session.add(
                Case(
                    number=f"GD{number:07d}",
                    kind=CaseKind.STAFF_MESSAGE.value,
                    state=CaseState.SUBMITTED.value,
                    province="gd",
                    conversation_id=conversation_id,
                    subject_lookup=f"{number}",
                    submitted_at=now + timedelta(minutes=number),
                    due_on=date(2026, 11, 3) if number % 2 else None,
                    key_id="k1",
                    sealed=b"",
                )
            )


def test_every_waiting_case_can_be_reached_what_is_due_before_what_has_no_day(
    officer: Browser, waiting: None
) -> None:
    found, address = [], "/cases?kind=staff_message"
    pages = 0
    while address:
        page = officer.get(address).text
        found += NUMBER.findall(page)
        pages += 1
        following = NEXT.search(page)
        address = following.group(1).replace("&amp;", "&") if following else ""
        assert not address or "kind=staff_message" in address

    due, undated = range(1, WAITING, 2), range(0, WAITING, 2)
    assert found == [f"GD{number:07d}" for number in (*due, *undated)]
    assert pages == 3
    assert "回到最急的" in page


@pytest.mark.parametrize(
    "after", ["", "x", "2026-11-03~now~GD1", "2026-11-03~2026-11-03T00:00:00~GD1", "~~~"]
)
def test_a_place_that_is_none_is_a_bad_request(officer: Browser, after: str) -> None:
    assert officer.get(f"/cases?after={after}").status_code == 400
