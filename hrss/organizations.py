"""What an organization may change of its own data, and how (U6)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hrss import audit, authority
from hrss.accounts import same_text
from hrss.authority import Act
from hrss.errors import NameOnlyByUpdate, NothingToUpdate, NotInRegister
from hrss.hall import Hall
from hrss.operations import once
from hrss.subjects import Subject, SubjectKind
from hrss.systems.protocols import LegalEntity
from hrss.tables import OrgAccount, Organization


@dataclass(frozen=True)
class Details:
    """What the platform has of an organization, as it may see it itself."""

    name: str
    number: str
    legal_representative: str
    is_real_name: bool


@dataclass(frozen=True)
class Updated:
    """The name it has now, which everyone may know."""

    name: str


def details(session: Session, conversation_id: str, *, now: datetime) -> Details:
    """The data of the organization that is signed in."""
    account, ours = _own(session, conversation_id, now)
    return Details(ours.name, account.number, ours.legal_representative, ours.is_real_name)


def on_record(session: Session, hall: Hall, conversation_id: str, *, now: datetime) -> LegalEntity:
    """What 更新 would bring: name and legal representative as the market-regulation register has them."""
    account, ours = _own(session, conversation_id, now)
    return _theirs(hall, account, ours)


@once
def rename(
    session: Session, hall: Hall, conversation_id: str, *, name: str, key: str, now: datetime
) -> Updated:
    """Edit the name of an organization that is not real-named yet."""
    account, ours = _own(session, conversation_id, now)
    if ours.is_real_name:
        raise NameOnlyByUpdate()
    before, ours.name = ours.name, name.strip()
    return _changed(session, "organization.renamed", account, ours, before, conversation_id, now)


@once
def update(session: Session, hall: Hall, conversation_id: str, *, key: str, now: datetime) -> Updated:
    """
    Press 更新: take over name and legal representative from the register.

    What is signed in shows the old ones until it has signed out and in again.
    """
    account, ours = _own(session, conversation_id, now)
    theirs = _theirs(hall, account, ours)
    before, ours.name = ours.name, theirs.name
    ours.legal_representative = theirs.legal_representative
    return _changed(session, "organization.updated", account, ours, before, conversation_id, now)


def agrees(ours: Organization, theirs: LegalEntity | None) -> bool:
    """Whether the platform and the register have the same name and legal representative (U9)."""
    return (
        theirs is not None
        and same_text(theirs.legal_representative, ours.legal_representative)
        and same_text(theirs.name, ours.name)
    )


def _own(session: Session, conversation_id: str, now: datetime) -> tuple[OrgAccount, Organization]:
    proof = authority.require(
        session, conversation_id, Act.UPDATE_ORGANIZATION, kind=SubjectKind.ORGANIZATION, now=now
    )
    account = session.get(OrgAccount, proof.subject.id)
    return account, session.get(Organization, account.organization_id, with_for_update=True)


def _theirs(hall: Hall, account: OrgAccount, ours: Organization) -> LegalEntity:
    theirs = hall.systems.market_register.legal_entity(account.number)
    if theirs is None:
        raise NotInRegister()
    if agrees(ours, theirs):
        raise NothingToUpdate()
    return theirs


def _changed(
    session: Session,
    did: str,
    account: OrgAccount,
    ours: Organization,
    before: str,
    conversation_id: str,
    now: datetime,
) -> Updated:
    whose = Subject(SubjectKind.ORGANIZATION, account.id)
    audit.record(
        session,
        did,
        whose,
        now=now,
        conversation_id=conversation_id,
        by="organization",
        before=before,
        after=ours.name,
    )
    session.flush()
    return Updated(ours.name)
