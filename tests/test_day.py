"""The day of `benchmarks.day`: what is invented adds up, and its check finds what is lost, doubled or said otherwise."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from benchmarks.day.check import faults
from benchmarks.day.plan import HOUR, VISITORS, Say, Visitor, visitors, words_of
from benchmarks.day.visit import Visit
from hrss import conversations, staff_messages
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.tables import Message, Turn
from tests.conftest import surroundings

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


def test_a_day_has_twenty_thousand_visitors_with_two_messages_each() -> None:
    day = visitors(1)

    assert len(day) == VISITORS
    assert 1.9 < sum(len(each.steps) for each in day) / VISITORS < 2.1
    assert [each.comes for each in day] == sorted(each.comes for each in day)
    assert len({each.address for each in day}) == VISITORS
    [(peak, _)] = Counter(int(each.comes // HOUR) for each in day).most_common(1)
    assert peak == 9
    assert visitors(0.1) == visitors(0.1), "every run is the same day"


@pytest.fixture
def visited(tmp_path: Path) -> tuple[Database, Hall, Visit]:
    """A visitor who left words for staff, as they stand after a day on which nothing went wrong."""
    environment = surroundings(tmp_path)
    database = Database(environment["DATABASE_URL"])
    database.migrate()
    hall = Hall.open(Settings.from_env(environment), database)
    visit = Visit(Visitor(7, 0.0, "words", (Say("人工客服"), Say(words_of(7))), (0.0, 0.0), True))
    with database.transaction() as session:
        opened = conversations.open(session, channel="web", province="gd", now=NOW, idle=timedelta(hours=1))
        visit.conversation = opened.id
        for number, step in enumerate(visit.visitor.steps):
            assert isinstance(step, Say)
            message_id = f"message-{number}"
            received = conversations.receive(
                session, opened.id, client_msg_id=message_id, text=step.text, option=None, now=NOW
            )
            answer = {"messages": [{"text": "好的"}], "reading": None, "now": NOW, "total_ms": 1.0}
            [line] = conversations.answer(session, received.turn_id, **answer)
            visit.sent.append(message_id)
            visit.heard[line.seq] = "好的"
        staff_messages.leave(session, hall, opened.id, province="gd", words=words_of(7), key="once", now=NOW)
    return database, hall, visit


def test_a_day_on_which_all_went_well_has_no_faults(visited: tuple[Database, Hall, Visit]) -> None:
    database, hall, visit = visited

    assert faults(database, hall, [visit]) == Counter()


def test_what_was_lost_or_excused_or_heard_otherwise_is_found(visited: tuple[Database, Hall, Visit]) -> None:
    database, hall, visit = visited
    visit.sent.append("message-never-stored")
    with database.transaction() as session:
        first = session.query(Turn).order_by(Turn.seq).first()
        first.state = "failed"
        answer = session.query(Message).filter_by(turn_id=first.id, author="bot").one()
        answer.text = "别的"

    found = faults(database, hall, [visit])

    assert found == Counter({"lost": 1, "out of order": 1, "excuses": 1, "heard otherwise": 1})


def test_words_that_were_left_twice_or_an_answer_that_is_not_there_are_found(
    visited: tuple[Database, Hall, Visit],
) -> None:
    database, hall, visit = visited
    with database.transaction() as session:
        staff_messages.leave(
            session, hall, visit.conversation, province="gd", words=words_of(7), key="again", now=NOW
        )
        last = session.query(Turn).order_by(Turn.seq.desc()).first()
        last.state = "received"
        session.query(Message).filter_by(turn_id=last.id, author="bot").delete()
        del visit.heard[max(visit.heard)]

    found = faults(database, hall, [visit])

    wanted = {"unanswered": 1, "answers out of order": 1, "words for staff not left once": 1}
    assert found == Counter(wanted)
