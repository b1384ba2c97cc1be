"""R9 and R10: codes, their limits, and what a stranger's phone gives away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest
from sqlalchemy import event, select

from hrss import identity, proofs, recovery, sms_codes
from hrss.errors import (
    ProofNeeded,
    Refusal,
    SmsCodeExpired,
    SmsCodeLocked,
    SmsCodesUsedUp,
    SmsCodeTooSoon,
    SmsCodeWrong,
)
from hrss.systems.codes import RandomCodes
from hrss.tables import OutboxSms, SmsCode
from tests.hrss.people import CHEN, CHENS_CODE, CHENS_PHONE, NOBODY, NOBODYS_PHONE, Talk


def send(talk: Talk, **typed: str) -> sms_codes.CodeSent:
    return talk(identity.send_person_code, **{**CHEN, "phone": CHENS_PHONE, **typed})


def check(talk: Talk, code: str = CHENS_CODE) -> type[Refusal] | None:
    refusal = talk(sms_codes.check, code=code).refusal
    return refusal and type(refusal)


def test_r9_a_code_has_six_digits() -> None:
    drawn = [RandomCodes().draw(CHENS_PHONE) for _ in range(200)]

    assert all(len(code) == 6 and code.isdecimal() for code in drawn)
    assert len(set(drawn)) > 150


def test_r9_a_code_is_right_for_five_minutes(talk: Talk) -> None:
    send(talk)
    talk.later(minutes=4, seconds=59)
    assert check(talk) is None

    send(talk)
    talk.later(minutes=5)
    assert check(talk) is SmsCodeExpired


def test_r9_a_code_is_used_once(talk: Talk) -> None:
    send(talk)

    assert [None, SmsCodeExpired] == [check(talk), check(talk)]


def test_r9_the_fifth_wrong_try_locks_the_phone(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    send(talk)

    wrong = [talk(sms_codes.check, code="000000").refusal for _ in range(5)]

    assert [refusal.tries_left for refusal in wrong[:4]] == [4, 3, 2, 1]
    assert wrong[4].facts == {"minutes": 30}
    assert check(talk) is SmsCodeLocked
    elsewhere = new_talk()
    with pytest.raises(SmsCodeLocked):
        send(elsewhere)
    elsewhere.later(minutes=29)
    with pytest.raises(SmsCodeLocked) as locked:
        send(elsewhere)
    assert locked.value.facts == {"minutes": 1}
    elsewhere.later(minutes=1)
    # The conversation is over after half an hour, but another may begin.
    assert send(elsewhere)


def test_r9_a_phone_gets_one_code_a_minute(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    send(talk)
    talk.later(seconds=20)

    with pytest.raises(SmsCodeTooSoon) as refused:
        send(talk)

    assert refused.value.facts == {"seconds": 40}
    elsewhere = new_talk()
    elsewhere.later(seconds=59)
    with pytest.raises(SmsCodeTooSoon):
        send(elsewhere)
    talk.later(seconds=40)
    assert send(talk)


def test_r9_a_phone_gets_five_codes_a_day_of_chinas_clock(talk: Talk) -> None:
    talk.now = datetime(2026, 11, 2, 15, 50, tzinfo=timezone.utc)  # ten minutes to midnight in China
    for _ in range(5):
        send(talk)
        talk.later(seconds=60)

    with pytest.raises(SmsCodesUsedUp) as refused:
        send(talk)

    assert refused.value.facts == {"limit": 5}
    talk.later(minutes=5)
    assert send(talk)


def test_r9_only_the_newest_code_counts(talk: Talk) -> None:
    send(talk, phone=NOBODYS_PHONE)
    send(talk)

    assert check(talk) is None


def test_r9_a_code_belongs_to_its_conversation(talk: Talk, new_talk: Callable[[], Talk]) -> None:
    send(talk)

    assert check(new_talk()) is SmsCodeExpired


def test_r9_a_code_is_kept_as_a_keyed_hash_only(talk: Talk) -> None:
    send(talk)

    with talk.database.reading() as session:
        stored = session.scalar(select(SmsCode.code_hash))
        [message] = session.scalars(select(OutboxSms.sealed)).all()
    assert CHENS_CODE not in stored
    assert len(stored) == 64
    assert CHENS_CODE.encode() not in message


def test_r9_a_message_redelivered_is_one_try(talk: Talk) -> None:
    send(talk)

    again = [talk(sms_codes.check, code="000000", key="turn 7").refusal for _ in range(3)]

    assert [SmsCodeWrong] * 3 == [type(refusal) for refusal in again]
    assert [refusal.tries_left for refusal in again] == [4] * 3


def test_r9_tries_made_at_once_are_all_counted(talk: Talk) -> None:
    send(talk)

    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda n: talk(sms_codes.check, key=f"t{n}", code="000000").refusal, range(8)))

    left = sorted(refusal.tries_left for refusal in tried if isinstance(refusal, SmsCodeWrong))
    assert left == [1, 2, 3, 4]
    assert sum(isinstance(refusal, SmsCodeLocked) for refusal in tried) == 4


def test_r9_codes_asked_for_at_once_are_one(talk: Talk) -> None:
    def ask(number: int) -> bool:
        try:
            talk(identity.send_person_code, key=f"s{number}", **CHEN, phone=CHENS_PHONE)
        except SmsCodeTooSoon:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(6))) == 1


@pytest.mark.parametrize(
    "typed", [{"name": NOBODY["name"]}, {"certificate": NOBODY["certificate"]}, {"phone": NOBODYS_PHONE}]
)
def test_r10_data_that_do_not_fit_get_the_same_answer_and_no_message(
    talk: Talk, typed: dict[str, str]
) -> None:
    phone = typed.get("phone", CHENS_PHONE)

    sent = send(talk, **typed)

    assert sms_codes.CodeSent(f"{phone[:3]}****{phone[-4:]}", 5) == sent
    assert talk.received_by(phone) == []
    # Not even the right digits help, and a wrong try sounds as it does for everyone.
    assert talk(sms_codes.check, code=CHENS_CODE).refusal.facts == {"tries_left": 4}
    with pytest.raises(ProofNeeded):
        talk.ask(recovery.logins, province="gd")


def test_r10_an_unknown_phone_has_the_same_limits(talk: Talk) -> None:
    send(talk, phone=NOBODYS_PHONE)

    with pytest.raises(SmsCodeTooSoon):
        send(talk, phone=NOBODYS_PHONE)
    assert [SmsCodeWrong] * 4 + [SmsCodeLocked] == [check(talk) for _ in range(5)]


def test_r10_an_unknown_phone_takes_the_same_statements(talk: Talk) -> None:
    """What a call takes is the time of the database: so it does the same for everyone."""
    counted: list[str] = []
    event.listen(
        talk.database.engine, "before_cursor_execute", lambda *call: counted.append(call[2].split()[0])
    )

    send(talk)
    known, counted[:] = list(counted), []
    send(talk, phone=NOBODYS_PHONE)

    assert known == counted


def test_a_code_reaches_its_phone_with_its_minutes(talk: Talk) -> None:
    send(talk)

    [message] = talk.received_by(CHENS_PHONE)
    assert CHENS_CODE in message
    assert "5分钟" in message


def test_a_code_that_came_too_late_is_not_sent(talk: Talk) -> None:
    send(talk)
    talk.later(minutes=5)

    assert talk.received_by(CHENS_PHONE) == []


def test_a_right_code_is_a_proof_of_whose_the_conversation_is(talk: Talk) -> None:
    send(talk)
    check(talk)

    [proof] = talk.ask(proofs.current)
    assert (proof.how, proof.subject.kind, proof.subject.id) == ("sms_code", "person", "demo_chenjing")
