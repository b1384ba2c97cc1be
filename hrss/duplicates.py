"""People with two accounts (P4): they ask, and an administrator cancels one."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import accounts, authority, cases
from hrss.appeals import WORKING_DAYS
from hrss.authority import Act
from hrss.case_states import CaseKind
from hrss.cases import Receipt
from hrss.errors import NoAccount, NoDuplicateAccounts
from hrss.hall import Hall
from hrss.operations import once
from hrss.subjects import SubjectKind


@once
def request_cancellation(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    login: str,
    key: str,
    now: datetime,
) -> Receipt:
    """Ask an administrator to cancel one of one's accounts, the one with this login."""
    proof = authority.require(
        session, conversation_id, Act.REQUEST_CANCELLATION, kind=SubjectKind.PERSON, now=now
    )
    person_id = proof.subject.id
    found = accounts.of_person(session, person_id, province)
    if not found:
        raise NoAccount()
    if len(found) == 1:
        raise NoDuplicateAccounts()
    account = accounts.the_one_of(session, person_id, province, login=login)
    kept = next(each for each in found if each is not account)
    return cases.submit(
        session,
        hall,
        conversation_id,
        kind=CaseKind.DUPLICATE_ACCOUNT,
        province=province,
        subject_lookup=hall.sealer.lookup("case of person", province, person_id),
        claim={"login": account.login, "kept_login": kept.login},
        phone=accounts.phone_of(hall, kept),
        person_id=person_id,
        working_days=WORKING_DAYS,
        now=now,
    )
