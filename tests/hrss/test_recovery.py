"""R1 to R4, R6, R7: logins and passwords come back to their owners."""

import re

import pytest
from sqlalchemy import select

from hrss import appeals, identity, passwords, recovery, sms_codes
from hrss.errors import (
    NoAccount,
    OnlyPrimaryContact,
    ProofNeeded,
    SecurityAnswersLocked,
    SecurityAnswersWrong,
    UnionPayDiffers,
    UnionPayLocked,
    WhichAccount,
)
from hrss.recovery import Recovered, Route, SentToPhone
from hrss.subjects import SubjectKind
from hrss.tables import OrgAccount, OutboxSms, PersonAccount
from tests.hrss.people import (
    CHEN,
    CHENS_LOGIN,
    CHENS_PHONE,
    CONTACT,
    CONTACTS_CODE,
    HE,
    HES_PHONE,
    LIN,
    LINS_CARD,
    LINS_PHONE,
    NOBODY,
    NOT_REAL_NAMED,
    OPERATOR,
    REAL_NAMED,
    REAL_NAMEDS_LOGIN,
    ZHAO,
    ZHAOS_ANSWERS,
    ZHAOS_CARD,
    ZHAOS_PHONE,
    Talk,
    photo,
    prove_chen,
    prove_contact,
    prove_he,
)


def password_in(message: str) -> str:
    return re.search(r"一次性密码是(\w{12})。", message).group(1)


def account_of(talk: Talk, login: str, table: type = PersonAccount) -> PersonAccount:
    with talk.database.reading() as session:
        return session.scalar(select(table).where(table.login == login))


def test_r1_a_login_is_shown_after_a_code_to_the_phone_on_record(talk: Talk) -> None:
    prove_chen(talk)

    [login] = talk.ask(recovery.logins, province="gd")
    assert (login.login, login.masked) == (CHENS_LOGIN, "chenj****")


def test_r1_without_a_proof_no_login_is_shown(talk: Talk) -> None:
    with pytest.raises(ProofNeeded):
        talk.ask(recovery.logins, province="gd")


def test_r1_a_login_is_shown_after_unionpay(talk: Talk) -> None:
    checked = talk(identity.verify_by_unionpay, **ZHAO, card=ZHAOS_CARD, phone=ZHAOS_PHONE)

    assert checked.right
    assert [each.login for each in talk.ask(recovery.logins, province="gd")] == ["zhaomin92"]


def test_r1_security_questions_recover_no_login(talk: Talk) -> None:
    talk(identity.answer_security_questions, **ZHAO, answers=ZHAOS_ANSWERS)

    with pytest.raises(ProofNeeded):
        talk.ask(recovery.logins, province="gd")


def test_r1_someone_without_an_account_in_the_province_hears_so(talk: Talk) -> None:
    prove_chen(talk)

    with pytest.raises(NoAccount):
        talk.ask(recovery.logins, province="hn")


def test_r1_r2_r3_r4_the_routes_are_those_of_the_platform() -> None:
    person, organization = SubjectKind.PERSON, SubjectKind.ORGANIZATION

    assert recovery.routes(person, Recovered.ACCOUNT) == (Route.PHONE, Route.UNIONPAY, Route.ID_PHOTO)
    assert set(recovery.routes(person, Recovered.PASSWORD)) == {
        Route.PHONE,
        Route.UNIONPAY,
        Route.ID_PHOTO,
        Route.SECURITY_QUESTION,
    }
    for what in Recovered:
        assert recovery.routes(organization, what) == (Route.PRIMARY_CONTACT, Route.ID_PHOTO)


@pytest.mark.parametrize("way", ["phone", "unionpay", "security questions"])
def test_r2_a_password_is_reset_after_any_proof(talk: Talk, way: str) -> None:
    if way == "phone":
        talk(identity.send_person_code, **ZHAO, phone=ZHAOS_PHONE)
        talk(sms_codes.check, code="915530")
    elif way == "unionpay":
        talk(identity.verify_by_unionpay, **ZHAO, card=ZHAOS_CARD, phone=ZHAOS_PHONE)
    else:
        questions = identity_questions(talk, ZHAO["certificate"])
        talk(identity.answer_security_questions, **ZHAO, answers={q: ZHAOS_ANSWERS[q] for q in questions})

    sent = talk(recovery.reset_person_password, province="gd")

    assert SentToPhone("138****8003") == sent
    password = password_in(talk.received_by(ZHAOS_PHONE)[-1])
    assert passwords.matches(account_of(talk, "zhaomin92").password_hash, password)


def identity_questions(talk: Talk, certificate: str) -> tuple[str, ...]:
    with talk.database.reading() as session:
        return identity.security_questions(session, talk.hall, province="gd", certificate=certificate)


def test_r2_without_a_proof_no_password_is_reset(talk: Talk) -> None:
    with pytest.raises(ProofNeeded):
        talk(recovery.reset_person_password, province="gd")


def test_r2_every_security_answer_must_be_right(talk: Talk) -> None:
    wrong = {**ZHAOS_ANSWERS, "您小学班主任姓什么？": "王"}

    checked = talk(identity.answer_security_questions, **ZHAO, answers=wrong)

    assert isinstance(checked.refusal, SecurityAnswersWrong)
    assert not talk(identity.answer_security_questions, **ZHAO, answers={}).right
    with pytest.raises(ProofNeeded):
        talk(recovery.reset_person_password, province="gd")


def test_r2_how_an_answer_is_written_does_not_matter(talk: Talk) -> None:
    spaced = {question: f" {answer} " for question, answer in ZHAOS_ANSWERS.items()}

    assert talk(identity.answer_security_questions, **ZHAO, answers=spaced).right


def test_r2_security_questions_can_be_tried_five_times_a_day(talk: Talk) -> None:
    tried = [talk(identity.answer_security_questions, **ZHAO, answers={}).refusal for _ in range(5)]

    locked = talk(identity.answer_security_questions, **ZHAO, answers=ZHAOS_ANSWERS).refusal

    assert [refusal.tries_left for refusal in tried] == [4, 3, 2, 1, 0]
    assert isinstance(locked, SecurityAnswersLocked)
    talk.later(hours=24)
    # The conversation has ended by then, so it proves nothing; but the tries are free again.
    assert (
        talk(identity.answer_security_questions, **ZHAO, answers={}).refusal.key == "security_answers_wrong"
    )


def test_r2_the_bank_can_be_asked_five_times_a_day(talk: Talk) -> None:
    wrong = {**ZHAO, "card": LINS_CARD, "phone": ZHAOS_PHONE}

    refusals = [talk(identity.verify_by_unionpay, **wrong).refusal for _ in range(6)]

    assert [UnionPayDiffers] * 5 + [UnionPayLocked] == [type(each) for each in refusals]


def test_r2_a_person_with_two_accounts_says_which(talk: Talk) -> None:
    prove_he(talk)

    with pytest.raises(WhichAccount) as refused:
        talk(recovery.reset_person_password, province="gd")
    assert refused.value.facts == {"count": 2}
    talk(recovery.reset_person_password, province="gd", login="hemei79")
    assert "账号hemei79的" in talk.received_by(HES_PHONE)[-1]
    with pytest.raises(NoAccount):
        talk(recovery.reset_person_password, province="gd", login=CHENS_LOGIN)


def test_r3_an_organizations_login_goes_to_its_primary_contact_by_sms(talk: Talk) -> None:
    prove_contact(talk)

    sent = talk(recovery.send_org_login)

    assert SentToPhone("138****8000") == sent
    assert REAL_NAMEDS_LOGIN in talk.received_by(CONTACT["contact_phone"])[-1]


def test_r4_login_and_one_time_password_go_to_the_primary_contact_in_one_message(talk: Talk) -> None:
    prove_contact(talk)

    talk(recovery.reset_org_password)

    message = talk.received_by(CONTACT["contact_phone"])[-1]
    assert REAL_NAMEDS_LOGIN in message
    account = account_of(talk, REAL_NAMEDS_LOGIN, OrgAccount)
    assert passwords.matches(account.password_hash, password_in(message))


@pytest.mark.parametrize(
    "typed",
    [
        {"contact_name": "王方"},
        {"contact_phone": "13800138001"},
        {"org_name": "广州示例甲贸易公司"},
        {"number": NOT_REAL_NAMED["number"]},
    ],
)
def test_r3_r4_everything_about_the_primary_contact_must_be_right(talk: Talk, typed: dict[str, str]) -> None:
    talk(identity.send_contact_code, **{**REAL_NAMED, **CONTACT, **typed})

    assert not talk(sms_codes.check, code=CONTACTS_CODE).right
    for write in (recovery.send_org_login, recovery.reset_org_password):
        with pytest.raises(ProofNeeded):
            talk(write)


def test_r6_a_real_named_organization_gets_no_password_by_photo(talk: Talk) -> None:
    shown = [photo(talk)]

    with pytest.raises(OnlyPrimaryContact):
        talk(appeals.by_operator, what=Recovered.PASSWORD, **REAL_NAMED, **OPERATOR, shown=shown)
    assert talk(appeals.by_operator, what=Recovered.ACCOUNT, **REAL_NAMED, **OPERATOR, shown=shown).number
    assert recovery.routes(SubjectKind.ORGANIZATION, Recovered.PASSWORD, is_real_name=True) == (
        Route.PRIMARY_CONTACT,
    )


def test_r6_one_that_is_not_real_named_may_appeal(talk: Talk) -> None:
    receipt = talk(
        appeals.by_operator, what=Recovered.PASSWORD, **NOT_REAL_NAMED, **OPERATOR, shown=[photo(talk)]
    )

    assert not receipt.already_open


def test_r6_and_r10_the_refusal_is_only_for_who_knows_the_name(talk: Talk) -> None:
    guessed = {**REAL_NAMED, "org_name": "猜的公司"}

    receipt = talk(appeals.by_operator, what=Recovered.PASSWORD, **guessed, **OPERATOR, shown=[photo(talk)])

    assert not receipt.already_open


def test_r7_a_one_time_password_is_told_by_sms_only_and_kept_as_a_slow_hash(talk: Talk) -> None:
    prove_chen(talk)

    sent = talk(recovery.reset_person_password, province="gd")

    password = password_in(talk.received_by(CHENS_PHONE)[-1])
    account = account_of(talk, CHENS_LOGIN)
    assert password not in repr(sent)
    assert account.password_hash.startswith("$argon2id$")
    assert passwords.matches(account.password_hash, password)
    assert not passwords.matches(account.password_hash, password.lower() + "x")
    assert account.must_change


def test_r7_once_it_is_sent_the_outbox_has_forgotten_it(talk: Talk) -> None:
    prove_chen(talk)
    talk(recovery.reset_person_password, province="gd")

    talk.received_by(CHENS_PHONE)

    with talk.database.reading() as session:
        assert {("sent", None)} == {(row.state, row.sealed) for row in session.scalars(select(OutboxSms))}


def test_r7_no_two_one_time_passwords_are_the_same() -> None:
    assert len({passwords.one_time() for _ in range(100)}) == 100


def test_a_repeated_reset_sends_one_password(talk: Talk) -> None:
    prove_chen(talk)

    first = talk(recovery.reset_person_password, province="gd", key="run 1")
    again = talk(recovery.reset_person_password, province="gd", key="run 1")

    assert first == again
    assert sum("一次性密码" in message for message in talk.received_by(CHENS_PHONE)) == 1


def test_r10_a_stranger_is_asked_security_questions_and_always_the_same(talk: Talk) -> None:
    asked = identity_questions(talk, NOBODY["certificate"])

    assert 3 == len(asked) == len(set(asked))
    assert asked == identity_questions(talk, NOBODY["certificate"])
    checked = talk(identity.answer_security_questions, **NOBODY, answers=dict.fromkeys(asked, "黄"))
    assert SecurityAnswersWrong(tries_left=4).facts == checked.refusal.facts


def test_someone_the_bank_knows_and_the_hall_does_not_hears_so(talk: Talk) -> None:
    elsewhere = {**LIN, "province": "hn", "card": LINS_CARD, "phone": LINS_PHONE}

    assert isinstance(talk(identity.verify_by_unionpay, **elsewhere).refusal, NoAccount)


def test_names_may_be_written_as_people_write_them(talk: Talk) -> None:
    talk(identity.send_person_code, **{**CHEN, "name": " 陈　静 "}, phone="138 0013 8002")

    assert talk(sms_codes.check, code="７３０ ２６４").right
    assert HE["name"] != CHEN["name"]
