"""What the approval of a case does, and which message says it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hrss import accounts, grant_codes
from hrss.case_states import CaseKind
from hrss.errors import AccountRefusal
from hrss.hall import Hall
from hrss.tables import Case, OrgAccount, PersonAccount

Claim = Mapping[str, Any]


@dataclass(frozen=True)
class Telling:
    """The message that tells the person; its blanks may hold a password, so it goes to the outbox only."""

    template: str
    blanks: Mapping[str, str]


def grant(session: Session, hall: Hall, case: Case, now: datetime) -> Telling | None:
    """Do what the case asks for; None when no account fits what it claims."""
    return _GRANTS[CaseKind(case.kind)](session, hall, case, hall.sealer.unseal_document(case), now)


def _account_recovery(
    session: Session, hall: Hall, case: Case, claim: Claim, now: datetime
) -> Telling | None:
    logins = [account.login for account in _claimed(session, hall, case, claim)]
    return Telling("appeal_login", {"number": case.number, "login": "、".join(logins)}) if logins else None


def _password_recovery(
    session: Session, hall: Hall, case: Case, claim: Claim, now: datetime
) -> Telling | None:
    claimed = _claimed(session, hall, case, claim)
    if not claimed:
        return None
    account = claimed[-1]  # where a person has two, the newer: the message says which
    if isinstance(account, OrgAccount) and accounts.organization(session, account).is_real_name:
        return None  # R6: real-named since the appeal was submitted
    password = accounts.give_one_time_password(account)
    return Telling("appeal_password", {"number": case.number, "login": account.login, "password": password})


def _duplicate_account(
    session: Session, hall: Hall, case: Case, claim: Claim, now: datetime
) -> Telling | None:
    try:
        account = accounts.the_one_of(session, case.person_id, case.province, login=claim["login"], lock=True)
    except AccountRefusal:
        return None
    if len(accounts.of_person(session, case.person_id, case.province)) == 1:
        return None  # the other one is gone meanwhile: the last account stays
    accounts.cancel(account, now)
    return Telling("duplicate_cancelled", {"number": case.number, "login": account.login})


def _staff_message(session: Session, hall: Hall, case: Case, claim: Claim, now: datetime) -> Telling | None:
    return Telling("case_done", {"number": case.number})


def _grant_code(session: Session, hall: Hall, case: Case, claim: Claim, now: datetime) -> Telling | None:
    code = grant_codes.issue(session, hall, case, claim["account_id"], now)
    if code is None:
        return None  # B7: released since they applied
    blanks = {"number": case.number, "organization": claim["org_name"], "code": code}
    return Telling("grant_code", blanks)


def _claimed(session: Session, hall: Hall, case: Case, claim: Claim) -> list[PersonAccount | OrgAccount]:
    """The accounts that fit all that was claimed."""
    if "org_name" in claim:
        account = accounts.of_organization(session, case.province, claim["number"])
        if account is None:
            return []
        name = accounts.organization(session, account).name
        return [account] if accounts.same_text(name, claim["org_name"]) else []
    person = accounts.person_with(session, hall, certificate=claim["certificate"])
    if person is None or not accounts.same_text(person.name, claim["name"]):
        return []
    return list(accounts.of_person(session, person.id, case.province))


_GRANTS: Mapping[CaseKind, Callable[[Session, Hall, Case, Claim, datetime], Telling | None]] = {
    CaseKind.ACCOUNT_RECOVERY: _account_recovery,
    CaseKind.PASSWORD_RECOVERY: _password_recovery,
    CaseKind.DUPLICATE_ACCOUNT: _duplicate_account,
    CaseKind.STAFF_MESSAGE: _staff_message,
    CaseKind.GRANT_CODE: _grant_code,
}
