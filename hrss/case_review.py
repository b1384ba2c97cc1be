"""Review of cases by staff: taken, returned, approved or rejected; decided once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import approvals, audit, cases, conversations, notices, photos, reviews, sms
from hrss.approvals import Telling
from hrss.case_states import DECIDED, CaseKind, CaseState
from hrss.errors import CaseAlreadyDecided, CaseWithAnother, NothingToApprove, ReasonNeeded, StaffMayNot
from hrss.hall import Hall
from hrss.identifiers import Kind, mask, parse_case_number
from hrss.staff import Role
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Case, StaffMember

# P4, R5: appeals are reviewed by an administrator or the reviewers in their place; accounts are cancelled by
# administrators only; words left for staff are anyone's who talks to people. B6: an application for a grant code goes to
# the organization's agency, and not to those who administer accounts.
_MAY_DECIDE: Mapping[CaseKind, frozenset[Role]] = {
    CaseKind.ACCOUNT_RECOVERY: frozenset({Role.REVIEWER, Role.ADMINISTRATOR}),
    CaseKind.PASSWORD_RECOVERY: frozenset({Role.REVIEWER, Role.ADMINISTRATOR}),
    CaseKind.DUPLICATE_ACCOUNT: frozenset({Role.ADMINISTRATOR}),
    CaseKind.STAFF_MESSAGE: frozenset({Role.CASE_OFFICER, Role.REVIEWER, Role.ADMINISTRATOR}),
    CaseKind.GRANT_CODE: frozenset({Role.REVIEWER}),
}


@dataclass(frozen=True)
class CaseFile:
    """A case as staff see it: personal values masked."""

    number: str
    kind: CaseKind
    state: CaseState
    outcome: CaseState | None
    reason: str | None
    province: str | None
    submitted_at: datetime
    due_on: date | None
    taken_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    conversation_id: str
    claim: Mapping[str, Any]
    photos: tuple[str, ...]


def waiting(session: Session, hall: Hall, *, every: bool = False, limit: int = 100) -> list[CaseFile]:
    """The cases staff have to decide, the oldest first; or `every` case, the newest first."""
    chosen = select(Case).order_by(Case.submitted_at.desc() if every else Case.submitted_at).limit(limit)
    if not every:
        chosen = chosen.where(Case.state.in_([CaseState.SUBMITTED.value, CaseState.UNDER_REVIEW.value]))
    return [_file(session, hall, case) for case in session.scalars(chosen)]


def show(session: Session, hall: Hall, number: str) -> CaseFile:
    return _file(session, hall, cases.locked(session, parse_case_number(number)))


def may_decide(role: Role, kind: CaseKind) -> bool:
    return role in _MAY_DECIDE[kind]


def take(session: Session, hall: Hall, number: str, *, staff: str, now: datetime) -> CaseFile:
    """A member of staff begins to review it, or takes it over from another."""
    case = _open_to(session, number, staff)
    case.taken_by = staff
    _record(session, case, "case.taken", staff, now)
    return _file(session, hall, case)


def release(session: Session, hall: Hall, number: str, *, staff: str, now: datetime) -> CaseFile:
    """Its owner leaves it to whoever takes it next."""
    case = _for_decision(session, number, staff)
    case.taken_by = None
    _record(session, case, "case.released", staff, now)
    return _file(session, hall, case)


def reply(session: Session, hall: Hall, number: str, *, staff: str, words: str, now: datetime) -> CaseFile:
    """Answer words that were left for staff: in their conversation, and with the case for who asks about it later."""
    case = _for_decision(session, number, staff)
    if CaseKind(case.kind) is not CaseKind.STAFF_MESSAGE:
        raise NothingToApprove()
    case.reason = reviews.masked(_given(words))
    conversations.say(
        session,
        case.conversation_id,
        author=conversations.Author.STAFF,
        messages=[{"text": case.reason}],
        now=now,
    )
    telling = Telling("case_done", {"number": case.number})
    _decide(session, hall, case, CaseState.APPROVED, staff, now, telling)
    return _file(session, hall, case)


def approve(session: Session, hall: Hall, number: str, *, staff: str, now: datetime) -> CaseFile:
    """Grant what the case asks for, and tell the person by SMS, in one transaction."""
    case = _for_decision(session, number, staff)
    telling = approvals.grant(session, hall, case, now)
    if telling is None:
        raise NothingToApprove()
    _decide(session, hall, case, CaseState.APPROVED, staff, now, telling)
    _give_notice(session, case, now)
    return _file(session, hall, case)


def reject(session: Session, hall: Hall, number: str, *, staff: str, reason: str, now: datetime) -> CaseFile:
    case = _for_decision(session, number, staff)
    case.reason = _given(reason)
    telling = Telling("case_rejected", {"number": case.number, "reason": case.reason})
    _decide(session, hall, case, CaseState.REJECTED, staff, now, telling)
    _give_notice(session, case, now)
    return _file(session, hall, case)


def return_(session: Session, hall: Hall, number: str, *, staff: str, reason: str, now: datetime) -> CaseFile:
    """Give the case back to the person, for what is missing; it stays open."""
    case = _for_decision(session, number, staff)
    case.reason = _given(reason)
    cases.move(case, CaseState.RETURNED)
    telling = Telling("case_returned", {"number": case.number, "reason": case.reason})
    _tell(session, hall, case, telling, now)
    _record(session, case, "case.returned", staff, now)
    _give_notice(session, case, now)
    return _file(session, hall, case)


def _for_decision(session: Session, number: str, staff: str) -> Case:
    """The case, locked and under review by this member of staff, who may decide it."""
    case = _open_to(session, number, staff)
    if case.taken_by not in (None, staff):
        raise CaseWithAnother(number=case.number, by=session.get(StaffMember, case.taken_by).name)
    case.taken_by = staff
    return case


def _open_to(session: Session, number: str, staff: str) -> Case:
    """The case, locked and under review, for someone who may decide it."""
    case = cases.locked(session, parse_case_number(number))
    member = session.get(StaffMember, staff)
    if member is None or member.deactivated_at or Role(member.role) not in _MAY_DECIDE[CaseKind(case.kind)]:
        raise StaffMayNot()
    if CaseState(case.state) in DECIDED:
        decided = CaseState(case.outcome or case.state)
        raise CaseAlreadyDecided(number=case.number, state=decided.label)
    if case.state != CaseState.UNDER_REVIEW.value:
        cases.move(case, CaseState.UNDER_REVIEW)
        case.taken_by = None
    return case


def _decide(
    session: Session,
    hall: Hall,
    case: Case,
    outcome: CaseState,
    staff: str,
    now: datetime,
    telling: Telling,
) -> None:
    cases.move(case, outcome)
    case.outcome, case.decided_by, case.decided_at = outcome.value, staff, now
    _tell(session, hall, case, telling, now)
    _record(session, case, f"case.{outcome.value}", staff, now)


def _tell(session: Session, hall: Hall, case: Case, telling: Telling, now: datetime) -> None:
    phone = hall.sealer.unseal_document(case)["phone"]
    if phone is not None:
        sms.queue(
            session,
            hall,
            phone=phone,
            template=telling.template,
            blanks=telling.blanks,
            case_number=case.number,
            conversation_id=case.conversation_id,
            now=now,
        )


def _give_notice(session: Session, case: Case, now: datetime) -> None:
    """Tell its owner at once that it has been looked at, where they are there: how it stands, and no more."""
    owners = [Subject(SubjectKind.CASE, case.number)]
    if case.person_id:
        owners.append(Subject(SubjectKind.PERSON, case.person_id))
    state, kind = CaseState(case.state), CaseKind(case.kind)
    notices.post(
        session,
        f"case.{state.value}",
        owners,
        province=case.province,
        besides=None,
        now=now,
        number=case.number,
        kind=kind.label,
        state=state.label,
    )


def _record(session: Session, case: Case, did: str, staff: str, now: datetime) -> None:
    whose = Subject(SubjectKind.CASE, case.number)
    audit.record(session, did, whose, now=now, staff=staff, conversation_id=case.conversation_id)
    session.flush()


def _given(reason: str) -> str:
    if not reason.strip():
        raise ReasonNeeded()
    return reason.strip()


def _file(session: Session, hall: Hall, case: Case) -> CaseFile:
    claim = hall.sealer.unseal_document(case) if case.sealed else {}
    if claim.get("phone"):
        claim["phone"] = mask(Kind.PHONE, claim["phone"])
    if claim.get("certificate"):
        claim["certificate"] = mask(Kind(claim.pop("certificate_kind")), claim["certificate"])
    return CaseFile(
        number=case.number,
        kind=CaseKind(case.kind),
        state=CaseState(case.state),
        outcome=CaseState(case.outcome) if case.outcome else None,
        reason=case.reason,
        province=case.province,
        submitted_at=case.submitted_at,
        due_on=case.due_on,
        taken_by=case.taken_by,
        decided_by=case.decided_by,
        decided_at=case.decided_at,
        conversation_id=case.conversation_id,
        claim=claim,
        photos=photos.of_case(session, case.number),
    )
