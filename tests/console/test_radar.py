"""A sudden rise is seen with its reason, and an ordinary day is none."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hrss import radar
from hrss.database import Database
from hrss.radar import About
from tests.console.test_conversation_pages import talk


def asked(session: Any, at: datetime, times: int, **reading: Any) -> None:
    for _ in range(times):
        talk(session, "怎么办", at, **reading)


ERROR = {"decision": "answer", "stage": "error_message", "entry": "gd.error.wrong_password"}
USUAL = {"decision": "answer", "stage": "rank", "entry": "gd.login.address"}


def test_a_sudden_rise_is_told_with_what_was_usual(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for day in range(1, 14):
            asked(session, now - timedelta(days=day), 8, **USUAL)
        asked(session, now - timedelta(hours=1), 8, **ERROR)
        asked(session, now - timedelta(hours=2), 5, **USUAL)
        asked(session, now - timedelta(hours=30), 8, decision="none")  # it is over

    with database.reading() as session:
        [rise] = radar.rises(session, now)
    assert (rise.about, rise.entry, rise.times) == (About.ERROR_MESSAGE, ERROR["entry"], 8)
    assert rise.usual == 0


@pytest.mark.parametrize(("before", "times", "alarms"), [(0, 5, 0), (0, 6, 1), (112, 6, 0), (112, 7, 1)])
def test_how_many_are_many_depends_on_how_many_there_were(
    database: Database, now: datetime, before: int, times: int, alarms: int
) -> None:
    """112 in 14 days are one in three hours on the mean: then more than 1 + 4 √2 are too many...."""
    with database.transaction() as session:
        asked(session, now - timedelta(days=2), before, **USUAL)
        asked(session, now - timedelta(minutes=5), times, **USUAL)

    with database.reading() as session:
        assert len(radar.rises(session, now)) == alarms
