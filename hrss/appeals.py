"""Photo appeals (上传证件照申诉): an administrator compares the photo with what is on record. R1 to R6."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hrss import accounts, audit, cases, photos, workdays
from hrss.case_states import CaseKind, CaseState
from hrss.cases import Receipt
from hrss.errors import OnlyPrimaryContact, PhotoMissing
from hrss.hall import Hall
from hrss.identifiers import parse_org_number, parse_personal_number, parse_phone
from hrss.operations import once
from hrss.recovery import Recovered
from hrss.subjects import Subject, SubjectKind

WORKING_DAYS = 2  # R5: 1–2 working days

KINDS = {
    Recovered.ACCOUNT: CaseKind.ACCOUNT_RECOVERY,
    Recovered.PASSWORD: CaseKind.PASSWORD_RECOVERY,
}


@once
def by_person(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    what: Recovered,
    province: str,
    name: str,
    certificate: str,
    phone: str,
    shown: Sequence[str],
    key: str,
    now: datetime,
) -> Receipt:
    """
    Appeal for one's own account. Whether there is one, the reviewer sees and the appeal does not tell (R10).

    `phone` is where the outcome goes: it may be a new one, the photo is what proves.
    """
    kind, certificate = parse_personal_number(certificate)
    if not shown:
        raise PhotoMissing()
    return cases.submit(
        session,
        hall,
        conversation_id,
        kind=KINDS[what],
        province=province,
        subject_lookup=hall.sealer.lookup("case of person", province, certificate),
        claim={"name": name.strip(), "certificate_kind": kind.value, "certificate": certificate},
        phone=parse_phone(phone),
        shown=shown,
        working_days=WORKING_DAYS,
        now=now,
    )


@once
def by_operator(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    what: Recovered,
    province: str,
    number: str,
    org_name: str,
    operator_name: str,
    operator_certificate: str,
    phone: str,
    shown: Sequence[str],
    key: str,
    now: datetime,
) -> Receipt:
    """Appeal for an organization's account, by its operator (经办人) with a photo of their certificate."""
    _, number = parse_org_number(number)
    kind, certificate = parse_personal_number(operator_certificate)
    refuse_if_only_contact(session, what=what, province=province, number=number, org_name=org_name)
    if not shown:
        raise PhotoMissing()
    return cases.submit(
        session,
        hall,
        conversation_id,
        kind=KINDS[what],
        province=province,
        subject_lookup=hall.sealer.lookup("case of organization", province, number),
        claim={
            "number": number,
            "org_name": org_name.strip(),
            "name": operator_name.strip(),
            "certificate_kind": kind.value,
            "certificate": certificate,
        },
        phone=parse_phone(phone),
        shown=shown,
        working_days=WORKING_DAYS,
        now=now,
    )


def refuse_if_only_contact(
    session: Session, *, what: Recovered, province: str, number: str, org_name: str
) -> None:
    """
    R6: a real-named organization recovers its password only through its primary contact.

    Told only to who knows the name that belongs to the code, as the platform's own page tells it.
    """
    account = accounts.of_organization(session, province, number)
    if what is not Recovered.PASSWORD or account is None:
        return
    organization = accounts.organization(session, account)
    if organization.is_real_name and accounts.same_text(organization.name, org_name):
        raise OnlyPrimaryContact()


@once
def resubmit(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    number: str,
    shown: Sequence[str],
    key: str,
    now: datetime,
) -> Receipt:
    """Show what was missing when the case was returned; the review begins anew."""
    case = cases.owned(session, conversation_id, number=number, now=now, change=True)
    cases.move(case, CaseState.SUBMITTED)
    photos.attach(session, conversation_id, case.number, shown)
    case.due_on = workdays.due(now, WORKING_DAYS)
    case.reason = case.taken_by = None
    whose = Subject(SubjectKind.CASE, case.number)
    audit.record(session, "case.resubmitted", whose, now=now, conversation_id=conversation_id)
    return cases.receipt(case, working_days=WORKING_DAYS)
