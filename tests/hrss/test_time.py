"""Midnight, the turn of the year, holidays, and a process that believes it is elsewhere."""

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from faq.shelf import Shelf
from hrss import books, conversations, identity, retention, sms_codes, workdays
from hrss.database import Database
from hrss.errors import SessionEnded
from hrss.tables import VaultValue
from hrss.vault import Vault
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, Talk

# In China: two minutes before midnight, on an ordinary day and on the last of the year.
LATE = [
    datetime(2026, 11, 2, 15, 58, tzinfo=timezone.utc),
    datetime(2026, 12, 31, 15, 58, tzinfo=timezone.utc),
]


@pytest.mark.parametrize("late", LATE, ids=["midnight", "new-year"])
def test_a_code_sent_before_midnight_is_right_after_it_for_its_five_minutes(
    talk: Talk, late: datetime
) -> None:
    talk.now = late
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    talk.later(minutes=4, seconds=59)

    assert talk(sms_codes.check, code=CHENS_CODE).right


@pytest.mark.parametrize("late", LATE, ids=["midnight", "new-year"])
def test_a_conversation_goes_on_over_midnight_and_ends_when_it_is_idle(
    database: Database, vault: Vault, late: datetime
) -> None:
    with database.transaction() as session:
        talk = conversations.open(
            session, channel="web", province="gd", token_hash="t", now=late,
            idle=timedelta(minutes=30)
        )  # fmt: skip
        vault.tokenise(session, talk.id, f"我的手机号{CHENS_PHONE}")

    def kept(moment: datetime) -> int:
        with database.transaction() as session:
            retention.sweep(session, now=moment)
            return int(session.query(VaultValue).count())

    with database.reading() as session:
        assert conversations.by_token(session, "t", late + timedelta(minutes=29)).id == talk.id
        with pytest.raises(SessionEnded):
            conversations.by_token(session, "t", late + timedelta(minutes=30))
    assert [kept(late + timedelta(minutes=each)) for each in (29, 30)] == [1, 0]


@pytest.mark.parametrize(
    ("since", "days", "due"),
    [
        (datetime(2025, 12, 31, 15, 59, tzinfo=timezone.utc), 1, date(2026, 1, 4)),  # a Sunday that is worked
        (
            datetime(2025, 12, 31, 16, 0, tzinfo=timezone.utc),
            1,
            date(2026, 1, 4),
        ),  # New Year in China already
        (datetime(2025, 12, 31, 16, 0, tzinfo=timezone.utc), 2, date(2026, 1, 5)),
        (datetime(2026, 9, 30, 8, 0, tzinfo=timezone.utc), 2, date(2026, 10, 9)),  # over the National Day
    ],
    ids=["before-new-year", "at-new-year", "after-new-year", "national-day"],
)
def test_a_promise_of_working_days_counts_chinas_holidays_and_the_days_worked_for_them(
    since: datetime, days: int, due: date
) -> None:
    assert workdays.due(since, days) == due


def test_an_entry_begins_and_ends_to_hold_at_midnight_without_a_new_version(
    database: Database, now: datetime
) -> None:
    body = {
        "id": "gd.one", "province": "gd", "audience": "both", "subject": "one", "question": "问？", "answer": "答。",
        "source": [{"document": "000", "section": "1"}], "owner": "本人", "phrases": {},
        "valid_from": "2026-12-31", "valid_until": "2026-12-31",
    }  # fmt: skip
    with database.transaction() as session:
        books.publish(session, {"gd.one": body}, note="", now=now)
    days = iter([date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)])
    shelf = Shelf(database, clock=iter(range(0, 100, 10)).__next__, today=days.__next__)

    assert [[entry.id for entry in shelf.book()] for _ in range(3)] == [[], ["gd.one"], []]


ELSEWHERE = """
import json, sys
from datetime import datetime, timezone
from hrss import workdays
moment = datetime(2025, 12, 31, 16, 30, tzinfo=timezone.utc)
print(json.dumps([str(workdays.due(moment, 1)), workdays.left(workdays.due(moment, 3), moment),
                  str(workdays.today()) == str(datetime.now(workdays.BEIJING).date())]))
"""


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_process_in_another_time_zone_counts_chinas_days(zone: str) -> None:
    environment = {**os.environ, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[2])}
    told = subprocess.run([sys.executable, "-c", ELSEWHERE], env=environment, check=True, capture_output=True)

    assert json.loads(told.stdout) == ["2026-01-04", 3, True]
