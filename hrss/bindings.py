"""Bindings (绑定): an organization asks, the person accepts or refuses, the organization releases. B1 to B3, B8."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hrss import accounts, attempts, audit, authority, notices
from hrss.attempts import Checked
from hrss.authority import Act, Business
from hrss.errors import (
    AlreadyBound,
    AlreadyPrimaryContact,
    AlreadyRequested,
    ContactMustBeReplaced,
    NoSuchOperator,
    NoSuchRequest,
    PersonDiffers,
    PersonNotRegistered,
    Refusal,
    TooManyChecks,
)
from hrss.hall import Hall
from hrss.identifiers import parse_personal_number
from hrss.operations import once
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Binding, Grant, OrgAccount, Person, PrimaryContact
from hrss.tables.bindings import ACCEPTED, REQUESTED

# Of which changes the other side hears at once.
TOLD_TO_THE_PERSON = {
    "binding.requested",
    "binding.withdrawn",
    "binding.released",
    "grant.given",
    "grant.withdrawn",
}
TOLD_TO_THE_ORGANIZATION = {"binding.accepted", "binding.refused"}
CHECKS = 10
CHECKS_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Bound:
    """What was changed; both ids are ours, and nobody's number."""

    account_id: str
    person_id: str


@once
def compare(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    name: str | None,
    certificate: str,
    key: str,
    now: datetime,
) -> Checked:
    """
    Tell what keeps a person from being found (U8), without showing what is on record.

    So many checks an hour: it is no way to try numbers, nor names for a number.
    """
    proof = authority.require(
        session, conversation_id, Act.REQUEST_BINDING, kind=SubjectKind.ORGANIZATION, now=now
    )
    account_id = proof.subject.id
    left = attempts.left(session, "binding", account_id, limit=CHECKS, window=CHECKS_WITHIN, now=now)
    if not left:
        return Checked(TooManyChecks(limit=CHECKS))
    attempts.count(session, "binding", account_id, now)
    found = _registered(session, hall, session.get(OrgAccount, account_id).province, name, certificate)
    return Checked(found if isinstance(found, Refusal) else None)


@once
def request(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    name: str,
    certificate: str,
    key: str,
    now: datetime,
) -> Bound:
    """Ask a person to act for the organization that is signed in (B1); it counts once they accept."""
    account = _own_account(session, conversation_id, Act.REQUEST_BINDING, now)
    found = _registered(session, hall, account.province, name, certificate)
    if isinstance(found, Refusal):
        raise found
    binding = _binding(session, account.id, found.id)
    if binding is not None:
        raise AlreadyBound() if binding.state == ACCEPTED else AlreadyRequested()
    session.add(Binding(account_id=account.id, person_id=found.id, state=REQUESTED, requested_at=now))
    record(session, "binding.requested", account.id, found.id, by="organization", at=(conversation_id, now))
    return Bound(account.id, found.id)


@once
def accept(
    session: Session, hall: Hall, conversation_id: str, *, account_id: str, key: str, now: datetime
) -> Bound:
    """The person who was asked accepts (B2)."""
    binding = _asked(session, conversation_id, account_id, now)
    binding.state, binding.accepted_at = ACCEPTED, now
    record(session, "binding.accepted", account_id, binding.person_id, by="person", at=(conversation_id, now))
    return Bound(account_id, binding.person_id)


@once
def refuse(
    session: Session, hall: Hall, conversation_id: str, *, account_id: str, key: str, now: datetime
) -> Bound:
    """The person who was asked refuses (B2); they may be asked again."""
    binding = _asked(session, conversation_id, account_id, now)
    session.delete(binding)
    record(session, "binding.refused", account_id, binding.person_id, by="person", at=(conversation_id, now))
    return Bound(account_id, binding.person_id)


@once
def release(
    session: Session, hall: Hall, conversation_id: str, *, person_id: str, key: str, now: datetime
) -> Bound:
    """
    Release an operator at once, with all they were granted; a primary contact only after another is named (B3).

    Someone who has not answered yet is simply asked no more.
    """
    account = _own_account(session, conversation_id, Act.RELEASE_BINDING, now)
    binding = _binding(session, account.id, person_id)
    if binding is None:
        raise NoSuchOperator()
    contact = session.get(PrimaryContact, account.id, populate_existing=True)
    if contact is not None and contact.person_id == person_id:
        raise ContactMustBeReplaced()
    session.execute(delete(Grant).where(Grant.account_id == account.id, Grant.person_id == person_id))
    session.delete(binding)
    did = "binding.released" if binding.state == ACCEPTED else "binding.withdrawn"
    record(session, did, account.id, person_id, by="organization", at=(conversation_id, now))
    return Bound(account.id, person_id)


@once
def name_primary_contact(
    session: Session, hall: Hall, conversation_id: str, *, person_id: str, key: str, now: datetime
) -> Bound:
    """Make one of the operators the primary contact (U3), in the place of the one there is."""
    account = _own_account(session, conversation_id, Act.NAME_PRIMARY_CONTACT, now)
    binding = _binding(session, account.id, person_id)
    held = accounts.of_person(session, person_id, account.province)
    if binding is None or binding.state != ACCEPTED or not held:
        raise NoSuchOperator()
    contact = session.get(PrimaryContact, account.id, populate_existing=True)
    if contact is not None and contact.person_id == person_id:
        raise AlreadyPrimaryContact()
    if contact is None:
        contact = PrimaryContact(account_id=account.id)
    phone = accounts.phone_of(hall, held[-1])
    contact.person_id, contact.binding_state = person_id, ACCEPTED
    contact.name, contact.since = session.get(Person, person_id).name, now
    contact.phone_lookup = hall.sealer.lookup("phone", phone)
    hall.sealer.seal_document(contact, {"phone": phone})
    session.add(contact)
    record(
        session, "primary_contact.named", account.id, person_id, by="organization", at=(conversation_id, now)
    )
    return Bound(account.id, person_id)


def record(
    session: Session,
    did: str,
    account_id: str,
    person_id: str,
    *,
    by: str,
    at: tuple[str, datetime],
    **facts: str,
) -> None:
    """Put a change into the trail of its organization: with whom, by which side, in which conversation and when (B8)."""
    conversation_id, now = at
    whose = Subject(SubjectKind.ORGANIZATION, account_id)
    audit.record(
        session, did, whose, now=now, conversation_id=conversation_id, person=person_id, by=by, **facts
    )
    session.flush()
    _tell_the_other_side(session, did, account_id, person_id, at, facts.get("business"))


def locked(session: Session, account_id: str) -> OrgAccount:
    """The account, with everybody else who changes its bindings waiting until this transaction ends."""
    account: OrgAccount = session.get(OrgAccount, account_id, with_for_update=True, populate_existing=True)
    return account


def _tell_the_other_side(
    session: Session,
    did: str,
    account_id: str,
    person_id: str,
    at: tuple[str, datetime],
    business: str | None,
) -> None:
    conversation_id, now = at
    account: OrgAccount = session.get(OrgAccount, account_id)
    if did in TOLD_TO_THE_PERSON:
        whose = Subject(SubjectKind.PERSON, person_id)
        facts = {"organization": accounts.organization(session, account).name}
    elif did in TOLD_TO_THE_ORGANIZATION:
        whose = Subject(SubjectKind.ORGANIZATION, account_id)
        facts = {"person": accounts.masked_name(session.get(Person, person_id).name)}
    else:
        return
    if business:
        facts["business"] = Business(business).label
    notices.post(session, did, [whose], province=account.province, besides=conversation_id, now=now, **facts)


def _own_account(session: Session, conversation_id: str, act: Act, now: datetime) -> OrgAccount:
    proof = authority.require(session, conversation_id, act, kind=SubjectKind.ORGANIZATION, now=now)
    return locked(session, proof.subject.id)


def _asked(session: Session, conversation_id: str, account_id: str, now: datetime) -> Binding:
    """The open request of this organization to the person of this conversation."""
    proof = authority.require(session, conversation_id, Act.ANSWER_BINDING, kind=SubjectKind.PERSON, now=now)
    locked(session, account_id)
    binding = _binding(session, account_id, proof.subject.id)
    if binding is None:
        raise NoSuchRequest()
    if binding.state == ACCEPTED:
        raise AlreadyBound()
    return binding


def _binding(session: Session, account_id: str, person_id: str) -> Binding | None:
    binding: Binding | None = session.get(Binding, (account_id, person_id), populate_existing=True)
    return binding


def _registered(
    session: Session, hall: Hall, province: str, name: str | None, certificate: str
) -> Person | Refusal:
    """Who has an account on the platform and fits what was typed; or how it does not fit."""
    _, certificate = parse_personal_number(certificate)
    person = accounts.person_with(session, hall, certificate=certificate)
    if person is None or not accounts.of_person(session, person.id, province):
        return PersonNotRegistered()
    if name is not None and not accounts.same_text(person.name, name):
        return PersonDiffers()
    return person
