"""Grant codes (单位授权码): applied for with materials, reviewed by the agency, used once for 授权码实名. B6, B7."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hrss import accounts, attempts, audit, authority, bindings, cases, photos, roster
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.case_states import CaseKind
from hrss.cases import Receipt
from hrss.errors import (
    AlreadyVerified,
    GrantCodeLocked,
    GrantCodeWrong,
    NotBound,
    PhotoMissing,
    SignInAsPerson,
)
from hrss.hall import Hall
from hrss.identifiers import CASE_ALPHABET, normalise, parse_org_number
from hrss.operations import once
from hrss.roster import Parent
from hrss.staff_rights import Right, require
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Binding, Case, GrantCode, OrgAccount, Organization, Person
from hrss.tables.bindings import ACCEPTED

CHARACTERS = 8
TRIES = 5
TRIES_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Applied:
    """One case an organization: each has an agency of its own."""

    receipts: tuple[Receipt, ...]


def find(session: Session, conversation_id: str, *, province: str, number: str, now: datetime) -> Parent:
    """
    The organization with this 单位管理码, 统一社会信用代码 or 组织机构代码, if the person may apply for it.

    One that they are not bound to is refused like one that there is not (R10).
    """
    person_id = authority.signed_in_person(session, conversation_id, now=now)
    if person_id is None:
        raise SignInAsPerson()
    code = normalise(number)
    account_id = session.scalar(
        select(OrgAccount.id)
        .join(Organization, Organization.id == OrgAccount.organization_id)
        .join(Binding, Binding.account_id == OrgAccount.id)
        .where(
            Organization.province == province,
            or_(
                Organization.uscc == code, Organization.org_code == code, Organization.management_code == code
            ),
            Binding.person_id == person_id,
            Binding.state == ACCEPTED,
        )
    )
    found = roster.parents(session, person_id)
    parent = next((each for each in found if each.account_id == account_id), None)
    if parent is None:
        raise NotBound()
    if parent.is_verified:
        raise AlreadyVerified()
    return parent


@once
def apply(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    account_ids: Sequence[str],
    shown: Sequence[str],
    key: str,
    now: datetime,
) -> Applied:
    """Apply for the codes of several organizations with the same materials; how long it takes, nobody promises."""
    if not shown:
        raise PhotoMissing()
    receipts = []
    for account_id in account_ids:
        receipt = _apply(session, hall, conversation_id, account_id, shown, now)
        receipts.append(receipt)
        if not receipt.already_open:
            shown = photos.copied(session, hall, shown, now=now)
    photos.forget_loose(session, conversation_id)
    return Applied(tuple(receipts))


@once
def verify(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    account_id: str,
    code: str,
    key: str,
    now: datetime,
) -> Checked:
    """Make the organization real-named for its operator by the code the agency sent (B7)."""
    authorised = authority.require_for(
        session, conversation_id, Act.VERIFY_GRANT_CODE, account_id=account_id, now=now
    )
    account = bindings.locked(session, account_id)
    person_id = str(authorised.person_id)
    binding = session.get(Binding, (account_id, person_id), populate_existing=True)
    if binding is None:
        raise NotBound()
    if binding.verified_at is not None:
        raise AlreadyVerified()
    whose = hall.sealer.lookup("grant_code tries", account_id, person_id)
    left = attempts.left(session, "grant_code", whose, limit=TRIES, window=TRIES_WITHIN, now=now)
    if not left:
        return Checked(GrantCodeLocked(hours=int(TRIES_WITHIN.total_seconds() // 3600)))
    attempts.count(session, "grant_code", whose, now)
    issued = session.scalar(
        select(GrantCode).where(
            GrantCode.account_id == account_id,
            GrantCode.person_id == person_id,
            GrantCode.code_lookup == _lookup(hall, account_id, person_id, code),
            GrantCode.used_at.is_(None),
        )
    )
    if issued is None:
        return Checked(GrantCodeWrong(tries_left=left - 1))
    issued.used_at = binding.verified_at = now
    accounts.organization(session, account).is_real_name = True
    at = (conversation_id, now)
    bindings.record(session, "grant_code.verified", account_id, person_id, by="person", at=at)
    return Checked()


def issue(session: Session, hall: Hall, case: Case, account_id: str, now: datetime) -> str | None:
    """The code of an application the agency has approved, for the SMS and nothing else; None for one no longer bound."""
    bindings.locked(session, account_id)
    if not _is_bound(session, account_id, str(case.person_id)):
        return None
    return _issued(session, hall, account_id, str(case.person_id), now, case_number=case.number)


def issue_at_counter(
    session: Session, hall: Hall, *, province: str, number: str, login: str, staff: str, now: datetime
) -> str:
    """
    The code that the counter (社保局窗口) gives the operator with this login, to be said to them once (B6).

    It is kept as a keyed hash, like those that come by SMS, and is entered like them.
    """
    require(session, staff, Right.COUNTER)
    account = accounts.of_organization(session, province, parse_org_number(number)[1])
    operator = accounts.of_login(session, province, login)
    if account is None or operator is None:
        raise NotBound()
    bindings.locked(session, account.id)
    if not _is_bound(session, account.id, operator.person_id):
        raise NotBound()
    if session.get(Binding, (account.id, operator.person_id)).verified_at is not None:
        raise AlreadyVerified()
    code = _issued(session, hall, account.id, operator.person_id, now, staff=staff)
    whose = Subject(SubjectKind.ORGANIZATION, account.id)
    audit.record(
        session, "grant_code.issued", whose, now=now, staff=staff, person=operator.person_id, by="counter"
    )
    session.flush()
    return code


def _is_bound(session: Session, account_id: str, person_id: str) -> bool:
    binding = session.get(Binding, (account_id, person_id), populate_existing=True)
    return binding is not None and binding.state == ACCEPTED


def _issued(
    session: Session, hall: Hall, account_id: str, person_id: str, now: datetime, **source: str
) -> str:
    code = "".join(secrets.choice(CASE_ALPHABET) for _ in range(CHARACTERS))
    session.add(
        GrantCode(
            id=secrets.token_hex(16),
            account_id=account_id,
            person_id=person_id,
            code_lookup=_lookup(hall, account_id, person_id, code),
            issued_at=now,
            **source,
        )
    )
    return code


def _apply(
    session: Session,
    hall: Hall,
    conversation_id: str,
    account_id: str,
    shown: Sequence[str],
    now: datetime,
) -> Receipt:
    authorised = authority.require_for(
        session, conversation_id, Act.APPLY_FOR_GRANT_CODE, account_id=account_id, now=now
    )
    account = bindings.locked(session, account_id)
    person = session.get(Person, authorised.person_id)
    if session.get(Binding, (account_id, person.id), populate_existing=True).verified_at is not None:
        raise AlreadyVerified()
    held = accounts.of_person(session, person.id, account.province)
    return cases.submit(
        session,
        hall,
        conversation_id,
        kind=CaseKind.GRANT_CODE,
        province=account.province,
        subject_lookup=hall.sealer.lookup("case of grant code", account_id, person.id),
        claim={
            "account_id": account_id,
            "number": account.number,
            "org_name": accounts.organization(session, account).name,
            "name": person.name,
            "certificate_kind": person.certificate_type,
            "certificate": hall.sealer.unseal_document(person)["certificate"],
        },
        phone=accounts.phone_of(hall, held[-1]),
        person_id=person.id,
        shown=shown,
        now=now,
    )


def _lookup(hall: Hall, account_id: str, person_id: str, code: str) -> str:
    return hall.sealer.lookup("grant_code", account_id, person_id, normalise(code))
