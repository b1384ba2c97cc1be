"""Conversations taken over: one member of staff at a time, a place in the queue, nobody left alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hrss import appeals, case_queue, case_review, handovers
from hrss.case_queue import Wanted
from hrss.case_states import CaseKind, CaseState
from hrss.cases import progress
from hrss.database import Database
from hrss.errors import (
    CaseAlreadyDecided,
    CaseWithAnother,
    CommentEmpty,
    HandoverGone,
    HandoverTaken,
    NobodyOnDuty,
    NotPermitted,
)
from hrss.hall import Hall
from hrss.handovers import PATIENCE, HandoverState
from hrss.opening_hours import OpeningHours
from hrss.recovery import Recovered
from hrss.staff import Role
from hrss.tables import Handover, Message
from hrss.workdays import BEIJING
from tests.hrss.people import CHEN, CHENS_PHONE, Talk, photo

OFFICER, OTHER = Role.CASE_OFFICER.value, Role.ADMINISTRATOR.value
MINUTE = timedelta(minutes=1)


@pytest.fixture
def on_duty(database: Database, hall: Hall, now: datetime) -> None:
    with database.transaction() as session:
        handovers.go_on_duty(session, OFFICER, now)


def test_nobody_waits_where_nobody_is_there(
    database: Database, hall: Hall, talk: Talk, now: datetime
) -> None:
    with pytest.raises(NobodyOnDuty), database.transaction() as session:
        handovers.ask(session, hall, talk.id, now=now)
    with pytest.raises(NotPermitted), database.transaction() as session:
        handovers.go_on_duty(session, Role.REVIEWER.value, now)


def test_those_who_ask_keep_their_place_and_asking_again_changes_nothing(
    database: Database, hall: Hall, on_duty: None, new_talk: Callable[[], Talk], now: datetime
) -> None:
    first, second = new_talk(), new_talk()
    with database.transaction() as session:
        waits = [
            handovers.ask(session, hall, talk.id, now=now + nth * timedelta(seconds=1))
            for nth, talk in enumerate((first, second, first))
        ]
        assert session.query(Handover).count() == 2

    assert [(wait.ahead, wait.minutes) for wait in waits] == [(0, 5), (1, 10), (0, 5)]


def test_one_has_it_until_it_is_given_back(
    database: Database, hall: Hall, on_duty: None, talk: Talk, now: datetime
) -> None:
    with database.transaction() as session:
        handovers.ask(session, hall, talk.id, now=now)
        assert not handovers.is_with_staff(session, talk.id)
        handovers.take(session, talk.id, staff=OFFICER, now=now)
        handovers.take(session, talk.id, staff=OFFICER, now=now)
        assert handovers.is_with_staff(session, talk.id)
        seq = handovers.say(session, talk.id, staff=OFFICER, words="请拨打13800138000", now=now)
        message = session.get(Message, (talk.id, seq))
        assert (message.author, message.text) == ("staff", "请拨打138****8000")
        for act in (
            lambda: handovers.take(session, talk.id, staff=OTHER, now=now),
            lambda: handovers.say(session, talk.id, staff=OTHER, words="我也来", now=now),
            lambda: handovers.give_back(session, talk.id, staff=OTHER, now=now),
        ):
            with pytest.raises(HandoverTaken):
                act()
        with pytest.raises(CommentEmpty):
            handovers.say(session, talk.id, staff=OFFICER, words=" ", now=now)
        handovers.give_back(session, talk.id, staff=OFFICER, now=now)
        assert not handovers.is_with_staff(session, talk.id)
        with pytest.raises(HandoverGone):
            handovers.say(session, talk.id, staff=OFFICER, words="还在吗", now=now)
        handovers.take(session, talk.id, staff=OTHER, now=now)


def test_who_waits_too_long_gets_a_case_due_in_a_working_day_once(
    database: Database, hall: Hall, on_duty: None, talk: Talk, now: datetime
) -> None:
    with database.transaction() as session:
        handovers.ask(session, hall, talk.id, now=now)
    for late, expected in ((MINUTE, 0), (PATIENCE, 1), (PATIENCE + MINUTE, 0)):
        with database.transaction() as session:
            assert len(handovers.lapse(session, hall, now=now + late)) == expected

    with database.transaction() as session:
        [handover] = session.query(Handover)
        assert handover.state == HandoverState.LAPSED.value
        [queued] = case_queue.page(session, Wanted(kind=CaseKind.STAFF_MESSAGE), now=now).cases
        assert (queued.number, queued.days_left) == (handover.case_number, 1)
        case_review.take(session, hall, queued.number, staff=OFFICER, now=now)
        case_review.reply(session, hall, queued.number, staff=OFFICER, words="请带证件到窗口。", now=now)
        stands = progress(session, hall, talk.id, number=queued.number, now=now)
        last = session.query(Message).filter_by(conversation_id=talk.id).order_by(Message.seq.desc()).first()
    assert (stands.outcome, stands.reason) == (CaseState.APPROVED, "请带证件到窗口。")
    assert (last.author, last.text) == ("staff", "请带证件到窗口。")


def test_when_staff_go_home_those_who_wait_get_a_case_and_nobody_new_waits(
    database: Database, hall: Hall, on_duty: None, talk: Talk, now: datetime
) -> None:
    """Also while a console stands open: outside the hours nobody is behind it."""
    here = now.astimezone(BEIJING)
    to, since = f"{here:%H:%M}", f"{here - timedelta(hours=1):%H:%M}"
    closed = replace(hall, staff_hours=OpeningHours.parse(f"{since}-{to}"))
    with database.transaction() as session:
        handovers.ask(session, hall, talk.id, now=now)
        [lapse] = handovers.lapse(session, closed, now=now)
        assert lapse.receipt is not None
    with pytest.raises(NobodyOnDuty), database.transaction() as session:
        handovers.ask(session, closed, talk.id, now=now)


def test_a_person_left_by_their_member_of_staff_gets_the_bot_back(
    database: Database, hall: Hall, on_duty: None, talk: Talk, now: datetime
) -> None:
    with database.transaction() as session:
        handovers.take(session, talk.id, staff=OFFICER, now=now)
        assert not handovers.lapse(session, hall, now=now + PATIENCE)  # on duty for two minutes of them
        [lapse] = handovers.lapse(session, hall, now=now + PATIENCE + 3 * MINUTE)
        assert (lapse.conversation_id, lapse.receipt) == (talk.id, None)
        assert not handovers.is_with_staff(session, talk.id)


def test_two_officers_cannot_decide_the_same_case(
    database: Database, hall: Hall, talk: Talk, now: datetime
) -> None:
    number = talk(
        appeals.by_person, what=Recovered.ACCOUNT, **CHEN, phone=CHENS_PHONE, shown=[photo(talk)]
    ).number
    with database.transaction() as session:
        case_review.take(session, hall, number, staff=Role.REVIEWER.value, now=now)
    with pytest.raises(CaseWithAnother), database.transaction() as session:
        case_review.reject(session, hall, number, staff=OTHER, reason="不符", now=now)
    with database.transaction() as session:
        case_review.take(session, hall, number, staff=OTHER, now=now)
        case_review.reject(session, hall, number, staff=OTHER, reason="不符", now=now)
    with pytest.raises(CaseAlreadyDecided), database.transaction() as session:
        case_review.reject(session, hall, number, staff=Role.REVIEWER.value, reason="不符", now=now)
