"""No table holds a certificate number, a phone, a card, an answer, a code or a password as it is; and none for ever."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select

from hrss import case_review, conversations, identity, recovery, retention
from hrss.database import Database
from hrss.hall import Hall
from hrss.sealing import Sealer, sealed_tables
from hrss.settings import Settings
from hrss.tables import Case, OutboxSms, Person, PersonAccount, Photo, SmsCode, metadata
from hrss.words import read
from tests.hrss.people import (
    CHEN,
    CHENS_PHONE,
    ZHAO,
    ZHAOS_ANSWERS,
    ZHAOS_CARD,
    ZHAOS_PHONE,
    Talk,
    photo,
    prove_chen,
)
from tests.hrss.test_cases import NEW_PHONE, appeal
from tests.hrss.test_recovery import password_in


def dump(database: Database) -> str:
    """Everything that is stored, as text."""
    with database.reading() as session:
        return "\n".join(
            bytes(value).decode("latin-1") if isinstance(value, (bytes, memoryview)) else str(value)
            for table in metadata.sorted_tables
            for row in session.execute(select(table))
            for value in row
        )


def test_planted_numbers_are_found_nowhere(talk: Talk) -> None:
    prove_chen(talk)
    talk(recovery.reset_person_password, province="gd")
    talk(identity.answer_security_questions, **ZHAO, answers=ZHAOS_ANSWERS)
    talk(identity.verify_by_unionpay, **ZHAO, card=ZHAOS_CARD, phone=ZHAOS_PHONE)
    number = appeal(talk).number
    before = dump(talk.database)
    password = password_in(talk.received_by(CHENS_PHONE)[-1])
    talk.decide(case_review.approve, number)
    talk.received_by(NEW_PHONE)

    planted = [
        CHEN["certificate"],
        CHENS_PHONE,
        ZHAO["certificate"],
        ZHAOS_CARD,
        NEW_PHONE,
        password,
        "西游记",
    ]
    planted += [
        person["certificate"] for person in read("demo_hall")["people"] if len(person["certificate"]) > 8
    ]
    for stored in (before, dump(talk.database)):
        assert "陈静" in stored  # the dump does see what is stored
        assert [value for value in planted if value in stored] == []
        # Codes in the clear are the demo's own, in the table of its scripts.
        assert not re.search(r"验证码是", stored)


def test_a_sealed_value_moved_to_another_row_does_not_open(hall: Hall, database: Database) -> None:
    with database.transaction() as session:
        one, other = session.scalars(select(Person).order_by(Person.id).limit(2))
        one.sealed = other.sealed
        with pytest.raises(InvalidTag):
            hall.sealer.unseal_document(one)
        session.rollback()


def test_every_sealed_value_can_be_put_under_a_new_key(talk: Talk, settings: Settings) -> None:
    prove_chen(talk)
    photo(talk)
    appeal(talk, shown=[photo(talk)])
    both = Sealer(replace(settings, vault_keys={"k2": b"2" * 32, **settings.vault_keys}))
    newest = Sealer(replace(settings, vault_keys={"k2": b"2" * 32}))

    for table in sealed_tables():
        while True:
            with talk.database.transaction() as session:
                if not both.rotate(session, table, batch=5):
                    break

    with talk.database.reading() as session:
        for table in (Person, PersonAccount, Case, Photo, OutboxSms):
            rows = session.scalars(select(table).where(table.sealed.is_not(None))).all()
            assert rows
            assert all(newest.unseal(row) for row in rows)


def test_what_a_case_claimed_goes_half_a_year_after_its_decision(talk: Talk) -> None:
    number = appeal(talk).number
    talk.decide(case_review.approve, number)
    waiting = appeal(talk).number

    def after(days: int) -> None:
        with talk.database.transaction() as session:
            retention.sweep(session, now=talk.now + timedelta(days=days))

    def kept(number: str) -> tuple[bool, int]:
        with talk.database.transaction() as session:
            case = case_review.show(session, talk.hall, number)
            return bool(case.claim), len(case.photos)

    after(179)
    assert kept(number) == (True, 1)
    after(180)
    assert kept(number) == (False, 0)
    assert kept(waiting) == (True, 1)


def test_a_photo_of_no_case_goes_after_a_day_or_with_its_conversation(talk: Talk, new_talk: object) -> None:
    photo(talk)
    ended = new_talk()
    photo(ended)
    appeal(ended)
    with talk.database.transaction() as session:
        conversations.touch(session, talk.id, now=talk.now, idle=timedelta(days=3))

    with talk.database.transaction() as session:
        first = retention.sweep(session, now=talk.now + timedelta(hours=23))
        second = retention.sweep(session, now=talk.now + timedelta(hours=24))

    assert (first.photos, second.photos) == (1, 1)


def test_traces_go_after_a_month(talk: Talk) -> None:
    prove_chen(talk)

    with talk.database.transaction() as session:
        retention.sweep(session, now=talk.now + timedelta(days=30))

    with talk.database.reading() as session:
        assert session.scalars(select(SmsCode)).all() == []
