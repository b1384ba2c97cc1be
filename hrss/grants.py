"""Grants (授权业务): which operator may do which business for the organization (B4)."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import authority, bindings
from hrss.authority import Act, Business
from hrss.bindings import Bound
from hrss.errors import AlreadyGranted, NoSuchOperator, NotGranted
from hrss.hall import Hall
from hrss.operations import once
from hrss.subjects import SubjectKind
from hrss.tables import Binding, Grant
from hrss.tables.bindings import ACCEPTED


@once
def give(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    person_id: str,
    business: Business,
    key: str,
    now: datetime,
) -> Bound:
    """Grant a business to an operator who has accepted."""
    account_id = _own_account(session, conversation_id, now)
    binding = session.get(Binding, (account_id, person_id), populate_existing=True)
    if binding is None or binding.state != ACCEPTED:
        raise NoSuchOperator()
    if session.get(Grant, (account_id, person_id, business.value), populate_existing=True):
        raise AlreadyGranted(business=business.label)
    session.add(Grant(account_id=account_id, person_id=person_id, business=business.value, granted_at=now))
    return _changed(session, "grant.given", account_id, person_id, business, conversation_id, now)


@once
def withdraw(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    person_id: str,
    business: Business,
    key: str,
    now: datetime,
) -> Bound:
    """Take a grant back; the operator stays bound."""
    account_id = _own_account(session, conversation_id, now)
    grant = session.get(Grant, (account_id, person_id, business.value), populate_existing=True)
    if grant is None:
        raise NotGranted(business=business.label)
    session.delete(grant)
    return _changed(session, "grant.withdrawn", account_id, person_id, business, conversation_id, now)


def _own_account(session: Session, conversation_id: str, now: datetime) -> str:
    proof = authority.require(
        session, conversation_id, Act.GRANT_BUSINESS, kind=SubjectKind.ORGANIZATION, now=now
    )
    bindings.locked(session, proof.subject.id)
    return proof.subject.id


def _changed(
    session: Session,
    did: str,
    account_id: str,
    person_id: str,
    business: Business,
    conversation_id: str,
    now: datetime,
) -> Bound:
    at = (conversation_id, now)
    bindings.record(session, did, account_id, person_id, by="organization", at=at, business=business.value)
    return Bound(account_id, person_id)
