"""Codes and guesses over many phones: bounded by the conversation and by the address, whoever they are aimed at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from hrss import conversations, identity, registration, retention, sms_codes
from hrss.attempts import Allowance
from hrss.errors import SmsCodeWrong, TooManyFromHere
from hrss.subjects import SubjectKind
from hrss.tables import Conversation, OutboxSms
from tests.hrss.conftest import *  # noqa: F403  # the databases, and the demo hall in them
from tests.hrss.people import CHEN, CHENS_PHONE, NOBODY, Talk

SENDING = Allowance("sms_codes", conversation=3, address=5)
GUESSING = Allowance("wrong_sms_codes", conversation=3, address=5)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are allowed, so that few have to be made."""
    monkeypatch.setattr(sms_codes, "SENDING", SENDING)
    monkeypatch.setattr(sms_codes, "GUESSING", GUESSING)


@pytest.fixture
def at_one_address(new_talk: Callable[[], Talk]) -> Callable[[], Talk]:
    def another() -> Talk:
        talk = new_talk()
        with talk.database.transaction() as session:
            session.execute(
                update(Conversation).where(Conversation.id == talk.id).values(address_lookup="a" * 64)
            )
        return talk

    return another


def ask_for_code(talk: Talk, number: int) -> None:
    talk(identity.send_person_code, **NOBODY, phone=f"139{number:08}")


def test_r9_one_conversation_gets_so_many_codes_over_all_phones(talk: Talk) -> None:
    for number in range(SENDING.conversation or 0):
        ask_for_code(talk, number)

    with pytest.raises(TooManyFromHere) as refused:
        ask_for_code(talk, 99)

    assert refused.value.facts == {"minutes": 60}
    with talk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OutboxSms)) == SENDING.conversation
    talk.later(minutes=61)
    ask_for_code(talk, 99)


def test_r9_a_new_conversation_does_not_help_who_stays_at_one_address(
    at_one_address: Callable[[], Talk], talk: Talk
) -> None:
    first, second = at_one_address(), at_one_address()
    for number in range(3):
        ask_for_code(first, number)
    for number in range(3, SENDING.address):
        ask_for_code(second, number)

    with pytest.raises(TooManyFromHere):
        ask_for_code(second, 99)
    ask_for_code(talk, 99)  # someone elsewhere


def test_r9_one_code_guessed_at_over_many_phones_is_stopped(at_one_address: Callable[[], Talk]) -> None:
    came_of = []
    for number in range(3):
        talk = at_one_address()
        ask_for_code(talk, number)
        came_of += [talk(sms_codes.check, code="123456").refusal for _ in range(3)]

    assert [type(refusal) for refusal in came_of[: GUESSING.address]] == [SmsCodeWrong] * GUESSING.address
    assert {type(refusal) for refusal in came_of[GUESSING.address :]} == {TooManyFromHere}


def test_r9_the_right_code_after_too_many_wrong_ones_is_not_tried(talk: Talk) -> None:
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    for _ in range(3):
        talk(sms_codes.check, code="000000")

    assert isinstance(talk(sms_codes.check, code="730264").refusal, TooManyFromHere)


def test_r10_numbers_cannot_be_tried_through_from_one_address(
    at_one_address: Callable[[], Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "FROM_ONE_ADDRESS", Allowance("registration", None, 2))
    number = {"province": "gd", "kind": SubjectKind.ORGANIZATION, "number": "91440300MA0000023W"}
    for _ in range(2):
        at_one_address()(registration.check, **number)

    with pytest.raises(TooManyFromHere):
        at_one_address()(registration.check, **number)


def test_an_address_is_forgotten_after_thirty_days(at_one_address: Callable[[], Talk]) -> None:
    talk = at_one_address()

    with talk.database.transaction() as session:
        retention.sweep(session, now=talk.now + timedelta(days=29))
        assert session.get(Conversation, talk.id).address_lookup
    with talk.database.transaction() as session:
        retention.sweep(session, now=talk.now + timedelta(days=31))
    with talk.database.reading() as session:
        assert session.get(Conversation, talk.id).address_lookup is None
        assert conversations.after(session, talk.id, 0) == []
