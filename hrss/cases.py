"""Cases: what people submit for staff to decide, quoted by a number, followed by their owners only."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import desc, or_, select
from sqlalchemy.orm import Session

from hrss import audit, authority, photos, proofs, sms_codes, workdays
from hrss.authority import Act
from hrss.case_states import NEXT, OPEN, CaseKind, CaseState
from hrss.database import lock
from hrss.errors import CaseNotOpen, CaseUnknown, ProofNeeded
from hrss.hall import Hall
from hrss.identifiers import CASE_ALPHABET, case_check_character, parse_case_number, parse_phone
from hrss.operations import once
from hrss.proofs import How, Proof
from hrss.sms_codes import CodeSent
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Case

RANDOM_CHARACTERS = 6


@dataclass(frozen=True)
class Receipt:
    """What to quote. `already_open`: it was submitted before, and this is how it stands (R8)."""

    number: str
    kind: CaseKind
    state: CaseState
    due_on: date | None
    working_days: int | None
    already_open: bool


@dataclass(frozen=True)
class Progress:
    number: str
    kind: CaseKind
    state: CaseState
    outcome: CaseState | None  # approved or rejected, also after the person was told
    reason: str | None
    submitted_at: datetime
    due_on: date | None


def submit(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    kind: CaseKind,
    province: str | None,
    subject_lookup: str,
    claim: Mapping[str, Any],
    phone: str | None,
    now: datetime,
    person_id: str | None = None,
    shown: Sequence[str] | None = None,
    working_days: int | None = None,
) -> Receipt:
    """
    Open a case, unless one of this kind is open for this subject: then the answer is how that one stands.

    `phone` gets the outcome, and proves whose case it is; `shown` are photos, where the case needs some.
    """
    lock(session, f"case {kind.value} {subject_lookup}")
    open_one = session.scalar(
        select(Case).where(
            Case.subject_lookup == subject_lookup,
            Case.kind == kind.value,
            Case.state.in_([state.value for state in OPEN]),
        )
    )
    if open_one is not None:
        return receipt(open_one, already_open=True)
    case = Case(
        number=_new_number(session, province or "gd"),
        kind=kind.value,
        state=CaseState.SUBMITTED.value,
        province=province,
        subject_lookup=subject_lookup,
        phone_lookup=hall.sealer.lookup("phone", phone) if phone else None,
        person_id=person_id,
        conversation_id=conversation_id,
        submitted_at=now,
        due_on=workdays.due(now, working_days) if working_days else None,
    )
    hall.sealer.seal_document(case, {**claim, "phone": phone})
    session.add(case)
    session.flush()
    if shown is not None:
        photos.attach(session, conversation_id, case.number, shown)
    whose = Subject(SubjectKind.CASE, case.number)
    proofs.give(session, conversation_id, how=How.SUBMITTED, subject=whose, now=now)
    audit.record(session, "case.submitted", whose, now=now, conversation_id=conversation_id, kind=kind.value)
    return receipt(case, working_days=working_days)


def receipt(case: Case, *, already_open: bool = False, working_days: int | None = None) -> Receipt:
    return Receipt(
        case.number, CaseKind(case.kind), CaseState(case.state), case.due_on, working_days, already_open
    )


def move(case: Case, state: CaseState) -> None:
    """The one place where a case changes its state."""
    if state not in NEXT[CaseState(case.state)]:
        raise CaseNotOpen(number=case.number, state=CaseState(case.state).label)
    case.state = state.value


def locked(session: Session, number: str) -> Case:
    """The case, with everybody else waiting until this transaction ends."""
    case: Case | None = session.scalar(
        select(Case).where(Case.number == number).with_for_update().execution_options(populate_existing=True)
    )
    if case is None:
        raise CaseUnknown()
    return case


def progress(session: Session, hall: Hall, conversation_id: str, *, number: str, now: datetime) -> Progress:
    """How a case stands, for its owner. Everyone else hears the same as for a number that is nobody's."""
    return _progress(owned(session, conversation_id, number=number, now=now))


def mine(session: Session, conversation_id: str, *, now: datetime) -> tuple[Progress, ...]:
    """Every case that what this conversation has proven opens, the newest first."""
    of = [proof.subject for proof in proofs.current(session, conversation_id, now=now) if _opens_cases(proof)]
    rows = session.scalars(
        select(Case)
        .where(
            or_(
                Case.number.in_([subject.id for subject in of if subject.kind is SubjectKind.CASE]),
                Case.person_id.in_([subject.id for subject in of if subject.kind is SubjectKind.PERSON]),
            )
        )
        .order_by(desc(Case.submitted_at))
    )
    return tuple(map(_progress, rows))


def owned(
    session: Session, conversation_id: str, *, number: str, now: datetime, change: bool = False
) -> Case:
    """The case, if this conversation has proven that it is theirs; locked, if it is to `change`."""
    number = parse_case_number(number)
    case: Case | None = session.get(Case, number, with_for_update=change, populate_existing=change)
    for proof in proofs.current(session, conversation_id, now=now):
        whose = {SubjectKind.CASE: number, SubjectKind.PERSON: case.person_id if case else None}
        if case is not None and _opens_cases(proof) and proof.subject.id == whose.get(proof.subject.kind):
            return case
    raise ProofNeeded()


@once
def send_code(
    session: Session, hall: Hall, conversation_id: str, *, number: str, phone: str, key: str, now: datetime
) -> CodeSent:
    """Send a code to the phone of a case, which then proves it to be the person's; or seem to."""
    number, phone = parse_case_number(number), parse_phone(phone)
    case: Case | None = session.get(Case, number)
    theirs = case is not None and case.phone_lookup == hall.sealer.lookup("phone", phone)
    subject = Subject(SubjectKind.CASE, number) if theirs else None
    return sms_codes.send(session, hall, conversation_id, phone=phone, subject=subject, now=now)


@once
def withdraw(
    session: Session, hall: Hall, conversation_id: str, *, number: str, key: str, now: datetime
) -> Receipt:
    """Its owner takes back a case that is not decided."""
    case = owned(session, conversation_id, number=number, now=now, change=True)
    move(case, CaseState.WITHDRAWN)
    case.decided_at = now
    whose = Subject(SubjectKind.CASE, case.number)
    audit.record(session, "case.withdrawn", whose, now=now, conversation_id=conversation_id)
    return receipt(case)


def _opens_cases(proof: Proof) -> bool:
    return authority.allows(proof.how, proof.subject.kind, Act.SEE_CASE)


def _progress(case: Case) -> Progress:
    return Progress(
        number=case.number,
        kind=CaseKind(case.kind),
        state=CaseState(case.state),
        outcome=CaseState(case.outcome) if case.outcome else None,
        reason=case.reason,
        submitted_at=case.submitted_at,
        due_on=case.due_on,
    )


def _new_number(session: Session, province: str) -> str:
    """A number nobody can guess from another. There are 887 million a province; one that is taken is drawn again."""
    while True:
        drawn = province.upper() + "".join(secrets.choice(CASE_ALPHABET) for _ in range(RANDOM_CHARACTERS))
        number = drawn + case_check_character(drawn)
        if session.get(Case, number) is None:
            return number
