"""A write is done once, whoever repeats it; and everything done stands in a trail nobody changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hrss import audit, case_review, recovery
from hrss.attempts import Checked
from hrss.errors import NothingToRate, SmsCodeWrong
from hrss.operations import from_json, once, to_json
from hrss.staff import Role
from hrss.subjects import Subject, SubjectKind
from hrss.tables import AuditEntry, Operation, OutboxSms
from tests.hrss.people import Talk, prove_chen
from tests.hrss.test_cases import appeal


class Colour(str, Enum):
    RED = "red"


@dataclass(frozen=True)
class Done:
    number: int
    colour: Colour
    on: date | None
    at: datetime | None
    others: tuple[Colour, ...]


DONE = Done(1, Colour.RED, date(2026, 11, 2), None, (Colour.RED,))


@once
def paint(
    session: Session, hall: Any, conversation_id: str, *, made: list[int], key: str, now: datetime
) -> Done:
    made.append(1)
    return DONE


@once
def refuse(
    session: Session, hall: Any, conversation_id: str, *, made: list[int], key: str, now: datetime
) -> Done:
    made.append(1)
    raise NothingToRate()


def test_the_same_key_gives_the_first_result_and_does_nothing(talk: Talk) -> None:
    made: list[int] = []

    results = [talk(paint, made=made, key="run 1") for _ in range(3)]

    assert results == [DONE] * 3
    assert isinstance(results[2].colour, Colour)
    assert len(made) == 1


def test_a_key_is_of_one_conversation_and_one_function(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    made: list[int] = []
    talk(paint, made=made, key="run 1")

    new_talk()(paint, made=made, key="run 1")
    talk(paint, made=made, key="run 2")
    with pytest.raises(NothingToRate):
        talk(refuse, made=made, key="run 1")

    assert len(made) == 4


def test_what_was_refused_may_be_asked_again(talk: Talk) -> None:
    made: list[int] = []

    for _ in range(2):
        with pytest.raises(NothingToRate):
            talk(refuse, made=made, key="run 1")

    assert len(made) == 2


@pytest.mark.parametrize("value", [DONE, Checked(), Checked(SmsCodeWrong(tries_left=3))], ids=str)
def test_a_result_comes_back_as_it_was(value: Any) -> None:
    again = from_json(type(value), to_json(value))

    assert to_json(value) == to_json(again)
    assert type(value) is type(again)


def test_the_same_write_arriving_many_times_at_once_is_done_once(talk: Talk) -> None:
    prove_chen(talk)

    with ThreadPoolExecutor(6) as pool:
        sent = list(
            pool.map(lambda _: talk(recovery.reset_person_password, province="gd", key="run"), range(6))
        )

    assert len(set(sent)) == 1
    with talk.database.reading() as session:
        passwords = select(func.count()).select_from(OutboxSms).where(OutboxSms.template == "password")
        assert session.scalar(passwords) == 1
        assert (
            session.scalar(
                select(func.count()).select_from(Operation).where(Operation.kind.contains("reset_person"))
            )
            == 1
        )


def test_the_trail_says_who_did_what_to_whom_when_and_through_which_channel(talk: Talk) -> None:
    number = appeal(talk).number
    talk.later(minutes=1)
    talk.decide(case_review.approve, number, by=Role.ADMINISTRATOR)

    with talk.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject_id == number).order_by(AuditEntry.id)
        ).all()
    assert [(entry.did, entry.staff, entry.channel) for entry in entries] == [
        ("proof.given", None, "web"),
        ("case.submitted", None, "web"),
        ("case.approved", "administrator", "web"),
    ]
    assert talk.now == entries[-1].at


@pytest.mark.parametrize("statement", ["UPDATE audit_trail SET did = 'x'", "DELETE FROM audit_trail"])
def test_the_database_refuses_to_change_the_trail(talk: Talk, statement: str) -> None:
    with talk.database.transaction() as session:
        audit.record(session, "case.submitted", Subject(SubjectKind.CASE, "GD2222222"), now=talk.now)

    with pytest.raises(DBAPIError, match="append-only"), talk.database.transaction() as session:
        session.execute(text(statement))


def test_the_trail_cannot_be_truncated_either(talk: Talk) -> None:
    if not talk.database.url.startswith("postgresql"):
        pytest.skip("SQLite has no TRUNCATE")

    with pytest.raises(DBAPIError, match="append-only"), talk.database.transaction() as session:
        session.execute(text("TRUNCATE audit_trail"))
