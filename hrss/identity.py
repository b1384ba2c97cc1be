"""
Who someone is, by what they know and have: a phone on record, security questions, a bank card.

Each gives the conversation a proof. Nothing here tells whether a stranger's data are on record (R10).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import accounts, attempts, authority, proofs, sms_codes, words
from hrss.accounts import same_text
from hrss.attempts import Allowance, Checked
from hrss.authority import Act
from hrss.errors import (
    NoAccount,
    SecurityAnswersLocked,
    SecurityAnswersWrong,
    UnionPayDiffers,
    UnionPayLocked,
)
from hrss.hall import Hall
from hrss.identifiers import parse_bank_card, parse_org_number, parse_personal_number, parse_phone
from hrss.operations import once
from hrss.proofs import How, Proof
from hrss.sms_codes import CodeSent
from hrss.subjects import Subject, SubjectKind
from hrss.tables import OrgAccount, Person, SecurityAnswer

QUESTIONS_ASKED = 3
CHECKS = 5
CHECKS_WITHIN = timedelta(hours=24)
GUESSING = Allowance("security_questions_here", conversation=10, address=100)


def proven_person(
    session: Session,
    hall: Hall,
    conversation_id: str,
    act: Act,
    *,
    certificate: str | None = None,
    now: datetime,
) -> Proof | None:
    """
    The proof by which this conversation may do this for a person; for the one with this certificate, if one is named.

    Only the newest that allows it counts, for that one decides when it is done (`authority.require`).
    """
    proof = authority.newest(session, conversation_id, act, kind=SubjectKind.PERSON, now=now)
    if proof is None or certificate is None:
        return proof
    _, certificate = parse_personal_number(certificate)
    person = accounts.person_with(session, hall, certificate=certificate)
    return proof if person is not None and person.id == proof.subject.id else None


def proven_organization(
    session: Session, conversation_id: str, act: Act, *, number: str | None = None, now: datetime
) -> Proof | None:
    """The same for an organization, and the code it is keyed by."""
    proof = authority.newest(session, conversation_id, act, kind=SubjectKind.ORGANIZATION, now=now)
    if proof is None or number is None:
        return proof
    account: OrgAccount = session.get(OrgAccount, proof.subject.id)
    return proof if account.number == parse_org_number(number)[1] else None


@once
def send_person_code(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    name: str,
    certificate: str,
    phone: str,
    key: str,
    now: datetime,
) -> CodeSent:
    """Send a code to the phone on record, if all of this is on record together; nobody can tell whether it is."""
    _, certificate = parse_personal_number(certificate)
    phone = parse_phone(phone)
    person = _person(session, hall, name, certificate)
    of_phone = hall.sealer.lookup("phone", phone)
    known = accounts.of_person(session, person.id if person else "", province)
    subject = (
        Subject(SubjectKind.PERSON, person.id)
        if person and any(account.phone_lookup == of_phone for account in known)
        else None
    )
    return sms_codes.send(session, hall, conversation_id, phone=phone, subject=subject, now=now)


@once
def send_contact_code(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    number: str,
    org_name: str,
    contact_name: str,
    contact_phone: str,
    key: str,
    now: datetime,
) -> CodeSent:
    """Send a code to the primary contact (常用联系人) of an organization, on the same terms."""
    _, number = parse_org_number(number)
    phone = parse_phone(contact_phone)
    account = accounts.of_organization(session, province, number)
    contact = accounts.primary_contact(session, account) if account else None
    subject = None
    if (
        account
        and contact
        and same_text(accounts.organization(session, account).name, org_name)
        and same_text(contact.name, contact_name)
        and contact.phone_lookup == hall.sealer.lookup("phone", phone)
    ):
        subject = Subject(SubjectKind.ORGANIZATION, account.id)
    return sms_codes.send(session, hall, conversation_id, phone=phone, subject=subject, now=now)


def security_questions(session: Session, hall: Hall, *, province: str, certificate: str) -> tuple[str, ...]:
    """The questions this person has answered. Someone who has not, or is not, is asked some all the same."""
    _, certificate = parse_personal_number(certificate)
    person = accounts.person_with(session, hall, certificate=certificate)
    answered = tuple(_answers(session, person, province))
    if answered:
        return answered
    by_chance = sorted(
        words.read("security_questions"),
        key=lambda question: hall.sealer.lookup("security_question", certificate, question),
    )
    return tuple(sorted(by_chance[:QUESTIONS_ASKED]))


@once
def answer_security_questions(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    name: str,
    certificate: str,
    answers: Mapping[str, str],
    key: str,
    now: datetime,
) -> Checked:
    """Prove to be someone by their security questions (密保问题), all of them answered rightly."""
    _, certificate = parse_personal_number(certificate)
    whose = hall.sealer.lookup("certificate", certificate)
    left = attempts.left(session, "security_questions", whose, limit=CHECKS, window=CHECKS_WITHIN, now=now)
    if not left:
        return Checked(SecurityAnswersLocked(hours=_hours(CHECKS_WITHIN)))
    if too_many := attempts.used_up(session, GUESSING, conversation_id, now):
        return Checked(too_many)
    attempts.count(session, "security_questions", whose, now)
    attempts.use(session, GUESSING, conversation_id, now)
    person = _person(session, hall, name, certificate)
    expected = _answers(session, person, province)
    right = [
        hall.sealer.is_lookup_of(
            row.answer_lookup, *answer_parts(row.account_id, question, answers.get(question, ""))
        )
        for question, row in expected.items()
    ]
    if person is None or not right or not all(right):
        return Checked(SecurityAnswersWrong(tries_left=left - 1))
    _prove(session, conversation_id, How.SECURITY_QUESTIONS, person, now)
    return Checked()


@once
def verify_by_unionpay(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    name: str,
    certificate: str,
    card: str,
    phone: str,
    key: str,
    now: datetime,
) -> Checked:
    """Prove to be someone by a bank card. For a page of the hall: the chat asks nobody for a card number."""
    _, certificate = parse_personal_number(certificate)
    card, phone = parse_bank_card(card), parse_phone(phone)
    refusal = unionpay_differs(session, hall, name, certificate, card, phone, now)
    if refusal is not None:
        return Checked(refusal)
    person = _person(session, hall, name, certificate)
    if person is None or not accounts.of_person(session, person.id, province):
        # The bank has confirmed who is asking, so they may know that they have no account.
        return Checked(NoAccount())
    _prove(session, conversation_id, How.UNIONPAY, person, now)
    return Checked()


def unionpay_differs(
    session: Session, hall: Hall, name: str, certificate: str, card: str, phone: str, now: datetime
) -> UnionPayDiffers | UnionPayLocked | None:
    """Ask the bank, so many times a day for a certificate; None when it confirms. All is parsed already."""
    whose = hall.sealer.lookup("certificate", certificate)
    left = attempts.left(session, "unionpay", whose, limit=CHECKS, window=CHECKS_WITHIN, now=now)
    if not left:
        return UnionPayLocked(hours=_hours(CHECKS_WITHIN))
    attempts.count(session, "unionpay", whose, now)
    if hall.systems.unionpay.confirms(name=name, certificate=certificate, card=card, phone=phone):
        return None
    return UnionPayDiffers(tries_left=left - 1)


def answer_parts(account_id: str, question: str, answer: str) -> tuple[str, ...]:
    """What the keyed hash of a security answer is made of; how it is written does not matter."""
    return ("security_answer", account_id, question, "".join(answer.split()).casefold())


def _person(session: Session, hall: Hall, name: str, certificate: str) -> Person | None:
    person = accounts.person_with(session, hall, certificate=certificate)
    return person if person and same_text(person.name, name) else None


def _answers(session: Session, person: Person | None, province: str) -> dict[str, SecurityAnswer]:
    """By question. Of the newest account that has any."""
    answers: dict[str, SecurityAnswer] = {}
    for account in accounts.of_person(session, person.id if person else "", province):
        rows = session.scalars(
            select(SecurityAnswer)
            .where(SecurityAnswer.account_id == account.id)
            .order_by(SecurityAnswer.question)
        ).all()
        if rows:
            answers = {row.question: row for row in rows}
    return answers


def _prove(session: Session, conversation_id: str, how: How, person: Person, now: datetime) -> None:
    proofs.give(session, conversation_id, how=how, subject=Subject(SubjectKind.PERSON, person.id), now=now)


def _hours(window: timedelta) -> int:
    return int(window.total_seconds() // 3600)
