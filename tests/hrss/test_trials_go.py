"""What trials of the book keep of people's words goes in its time, and what is kept again stays."""

from datetime import datetime, timedelta

import pytest

from hrss import retention, staff, trials, unknowns
from hrss.database import Database
from hrss.retention import PUT_ASIDE, SAVED_QUESTION, TRIAL
from hrss.staff import Role
from hrss.tables import SavedQuestion, Trial, UnknownMark
from hrss.unknowns import Put

STAFF = "lin_xiaoyu"
SAID = "我的手机〔手机#1〕收不到码"


@pytest.fixture
def kept(database: Database, now: datetime) -> Database:
    with database.transaction() as session:
        staff.add(session, STAFF, "林晓雨", Role.TRAINER, "a-long-enough-passphrase", now)
        save(session, now)
        unknowns.put(session, {"x": SAID}, Put.IGNORED, staff=STAFF, now=now)
        trial = trials.begin(session, {"gd.x": {}}, version=1, staff=STAFF, now=now)
        trials.end(session, trial.id, {"differences": [{"question": {"text": SAID}}]}, now)
    return database


def save(session: object, at: datetime) -> None:
    trials.save_question(session, SAID, province="gd", decision="none", entry=None, staff=STAFF, now=at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "period"), [(SavedQuestion, SAVED_QUESTION), (UnknownMark, PUT_ASIDE), (Trial, TRIAL)]
)
def test_each_goes_in_its_time_and_not_before(
    kept: Database, now: datetime, table: type, period: timedelta
) -> None:
    for at, left in ((now + period - timedelta(seconds=1), 1), (now + period, 0)):
        with kept.transaction() as session:
            retention.sweep(session, now=at)
            assert session.query(table).count() == left


def test_a_question_that_is_kept_again_begins_its_time_anew(kept: Database, now: datetime) -> None:
    with kept.transaction() as session:
        save(session, now + SAVED_QUESTION - timedelta(days=1))
        retention.sweep(session, now=now + SAVED_QUESTION)
        assert session.query(SavedQuestion).count() == 1
