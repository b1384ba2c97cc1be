"""
Who may do what: the one table, and the questions asked of it.

What someone has proven (`proofs`) and what they are bound to and granted gives them a standing toward a person, an
organization or a case; the standing decides, and nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import proofs
from hrss.errors import NotBound, NotGranted, ProofNeeded, Refusal, SignInAsOrganization, SignInAsPerson
from hrss.proofs import How, Proof
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Binding, Grant, PrimaryContact
from hrss.tables.bindings import ACCEPTED


class Act(str, Enum):
    # for oneself, or one's own account
    SEE_LOGIN = "see_login"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # the name of an act
    SEE_LEVEL = "see_level"
    RAISE_LEVEL = "raise_level"
    SEE_CASE = "see_case"
    REQUEST_CANCELLATION = "request_cancellation"
    BIND_WECHAT = "bind_wechat"
    ANSWER_BINDING = "answer_binding"
    HEAR_NEWS = "hear_news"  # of what others did, at once (`notices`); also of one's organization, or case
    # with the organization's account (U2)
    SEE_BINDINGS = "see_bindings"
    REQUEST_BINDING = "request_binding"
    RELEASE_BINDING = "release_binding"
    NAME_PRIMARY_CONTACT = "name_primary_contact"
    GRANT_BUSINESS = "grant_business"
    UPDATE_ORGANIZATION = "update_organization"
    CHECK_LIVE_PERSON = "check_live_person"
    # for an organization one is bound to
    ACT_FOR_ORGANIZATION = "act_for_organization"
    APPLY_FOR_GRANT_CODE = "apply_for_grant_code"
    VERIFY_GRANT_CODE = "verify_grant_code"
    CONFIRM_REFUND = "confirm_refund"


class Business(str, Enum):
    """What an organization may grant to its operators (B4)."""

    PREMIUM_REFUND = "premium_refund"
    CONTINUING_EDUCATION = "continuing_education"
    CIVIL_SERVICE_EXAM = "civil_service_exam"

    @property
    def label(self) -> str:
        return {
            Business.PREMIUM_REFUND: "稳岗返还",
            Business.CONTINUING_EDUCATION: "继续教育",
            Business.CIVIL_SERVICE_EXAM: "公务员考录",
        }[self]


class Standing(str, Enum):
    """How someone stands to the person, organization or case that an act is about. One may have several."""

    # to themselves
    PERSON = "person"  # by the hall's login, or a code to the phone on record
    CARD_HOLDER = "card_holder"  # by the bank
    ANSWERER = "answerer"  # by security questions
    WECHAT_HOLDER = "wechat_holder"  # has a WeChat account that was bound to them
    # to an organization
    ORG_ACCOUNT = "org_account"  # signed in with it
    CONTACT_PHONE = "contact_phone"  # has the primary contact's phone
    LEGAL_REPRESENTATIVE = "legal_representative"  # by 粤信签
    OPERATOR = "operator"  # bound to it
    PRIMARY_CONTACT = "primary_contact"  # an operator, and 常用联系人
    REFUND_OPERATOR = "refund_operator"  # an operator, and granted 稳岗返还
    # to a case
    CASE_OWNER = "case_owner"


MAY: Mapping[Standing, frozenset[Act]] = {
    Standing.PERSON: frozenset(
        {
            Act.SEE_LOGIN,
            Act.RESET_PASSWORD,
            Act.SEE_LEVEL,
            Act.RAISE_LEVEL,
            Act.SEE_CASE,
            Act.REQUEST_CANCELLATION,
            Act.ANSWER_BINDING,  # B2
            Act.BIND_WECHAT,
            Act.HEAR_NEWS,
        }
    ),
    Standing.CARD_HOLDER: frozenset({Act.SEE_LOGIN, Act.RESET_PASSWORD}),  # R1, R2
    Standing.ANSWERER: frozenset({Act.RESET_PASSWORD}),  # R2, not R1
    # To look, not to change: who holds the phone may not be whose account it is.
    Standing.WECHAT_HOLDER: frozenset({Act.SEE_LOGIN, Act.SEE_LEVEL, Act.SEE_CASE, Act.HEAR_NEWS}),
    # U2: it binds and grants, and does no business. R6: not even its own login recovers its password.
    Standing.ORG_ACCOUNT: frozenset(
        {
            Act.SEE_LEVEL,
            Act.HEAR_NEWS,
            Act.SEE_BINDINGS,
            Act.REQUEST_BINDING,  # B1
            Act.RELEASE_BINDING,  # B3
            Act.NAME_PRIMARY_CONTACT,  # U3
            Act.GRANT_BUSINESS,  # B4
            Act.UPDATE_ORGANIZATION,  # U6
            Act.CHECK_LIVE_PERSON,  # U9
        }
    ),
    Standing.CONTACT_PHONE: frozenset({Act.SEE_LOGIN, Act.RESET_PASSWORD, Act.SEE_LEVEL}),  # R3, R4
    Standing.LEGAL_REPRESENTATIVE: frozenset({Act.CONFIRM_REFUND}),  # U9: and nothing else
    Standing.OPERATOR: frozenset(
        {Act.ACT_FOR_ORGANIZATION, Act.APPLY_FOR_GRANT_CODE, Act.VERIFY_GRANT_CODE}  # B5, B6, B7
    ),
    Standing.PRIMARY_CONTACT: frozenset(),  # no more than any operator: what sets them apart is B3
    Standing.REFUND_OPERATOR: frozenset({Act.CONFIRM_REFUND}),  # F7
    Standing.CASE_OWNER: frozenset({Act.SEE_CASE, Act.HEAR_NEWS}),
}
_PROVEN: Mapping[tuple[How, SubjectKind], Standing] = {
    (How.TOKEN, SubjectKind.PERSON): Standing.PERSON,
    (How.SMS_CODE, SubjectKind.PERSON): Standing.PERSON,
    (How.UNIONPAY, SubjectKind.PERSON): Standing.CARD_HOLDER,
    (How.SECURITY_QUESTIONS, SubjectKind.PERSON): Standing.ANSWERER,
    (How.WECHAT, SubjectKind.PERSON): Standing.WECHAT_HOLDER,
    (How.TOKEN, SubjectKind.ORGANIZATION): Standing.ORG_ACCOUNT,
    (How.SMS_CODE, SubjectKind.ORGANIZATION): Standing.CONTACT_PHONE,
    (How.LIVE_PERSON, SubjectKind.ORGANIZATION): Standing.LEGAL_REPRESENTATIVE,
    (How.SMS_CODE, SubjectKind.CASE): Standing.CASE_OWNER,
    (How.SUBMITTED, SubjectKind.CASE): Standing.CASE_OWNER,
}
_OF_ORG_ACCOUNT = MAY[Standing.ORG_ACCOUNT] - {Act.SEE_LEVEL, Act.HEAR_NEWS}  # which a person has too
# What a grant opens, and which.
_GRANTED: Mapping[Act, Business] = {Act.CONFIRM_REFUND: Business.PREMIUM_REFUND}
_GRANTEES: Mapping[Business, Standing] = {Business.PREMIUM_REFUND: Standing.REFUND_OPERATOR}


@dataclass(frozen=True)
class Authorised:
    """Who acts for an organization: an operator, or, without `person_id`, its legal representative."""

    account_id: str
    standing: Standing
    person_id: str | None


def allows(how: How, kind: SubjectKind, act: Act) -> bool:
    """Whether someone who proved in this way to be such a subject may do this."""
    standing = _PROVEN.get((how, kind))
    return standing is not None and act in MAY[standing]


def newest(
    session: Session, conversation_id: str, act: Act, *, kind: SubjectKind, now: datetime
) -> Proof | None:
    """The newest proof about such a subject that allows this, to themselves or with the account itself."""
    for proof in proofs.current(session, conversation_id, now=now):
        if proof.subject.kind is kind and allows(proof.how, kind, act):
            return proof
    return None


def hears(session: Session, conversation_id: str, subject: Subject, *, now: datetime) -> bool:
    """
    Whether this conversation may be told what happens to this person, organization or case. Looking keeps nothing alive.

    Of persons, and of organizations, the newest that it has proven to be counts.
    """
    proven = [
        proof.subject
        for proof in proofs.live(session, conversation_id, now=now)
        if proof.subject.kind is subject.kind and allows(proof.how, subject.kind, Act.HEAR_NEWS)
    ]
    return subject in (proven if subject.kind is SubjectKind.CASE else proven[:1])


def require(session: Session, conversation_id: str, act: Act, *, kind: SubjectKind, now: datetime) -> Proof:
    """The newest proof about such a subject that allows this; without one, what to do about it."""
    proof = newest(session, conversation_id, act, kind=kind, now=now)
    if proof is None:
        proven = proofs.current(session, conversation_id, now=now)
        raise _sign_in(act, {proof.subject.kind for proof in proven if proof.how is How.TOKEN})
    return proof


def require_for(
    session: Session, conversation_id: str, act: Act, *, account_id: str, now: datetime
) -> Authorised:
    """
    Who of this conversation may do this for the organization with this account.

    Otherwise a refusal that says what is missing: the right account now, the binding, or the grant.
    """
    found = list(standings(session, conversation_id, account_id=account_id, now=now))
    for authorised in found:
        if act in MAY[authorised.standing]:
            return authorised
    if any(authorised.standing is Standing.OPERATOR for authorised in found):
        business = _GRANTED.get(act)
        raise NotGranted(business=business.label) if business else ProofNeeded()
    if signed_in_person(session, conversation_id, now=now) is None:
        raise SignInAsPerson()
    raise NotBound()


def standings(
    session: Session, conversation_id: str, *, account_id: str, now: datetime
) -> Iterator[Authorised]:
    """How this conversation stands to the organization with this account: by what it has proven, and as operator."""
    for proof in proofs.current(session, conversation_id, now=now):
        standing = _PROVEN.get((proof.how, proof.subject.kind))
        if standing and proof.subject.kind is SubjectKind.ORGANIZATION and proof.subject.id == account_id:
            yield Authorised(account_id, standing, None)
    person_id = signed_in_person(session, conversation_id, now=now)
    binding = session.get(Binding, (account_id, person_id), populate_existing=True) if person_id else None
    if binding is None or binding.state != ACCEPTED:
        return
    yield Authorised(account_id, Standing.OPERATOR, person_id)
    contact = session.get(PrimaryContact, account_id, populate_existing=True)
    if contact is not None and contact.person_id == person_id:
        yield Authorised(account_id, Standing.PRIMARY_CONTACT, person_id)
    granted = session.scalars(
        select(Grant.business).where(Grant.account_id == account_id, Grant.person_id == person_id)
    )
    for business in granted:
        if grantee := _GRANTEES.get(Business(business)):
            yield Authorised(account_id, grantee, person_id)


def signed_in_person(session: Session, conversation_id: str, *, now: datetime) -> str | None:
    """The person this conversation has proven to be, well enough to act for others; the newest proof counts."""
    return _signed_in(session, conversation_id, Standing.PERSON, now)


def signed_in_organization(session: Session, conversation_id: str, *, now: datetime) -> str | None:
    """The organization's account that this conversation is signed in with."""
    return _signed_in(session, conversation_id, Standing.ORG_ACCOUNT, now)


def _signed_in(session: Session, conversation_id: str, standing: Standing, now: datetime) -> str | None:
    proven = proofs.current(session, conversation_id, now=now)
    return next(
        (proof.subject.id for proof in proven if _PROVEN.get((proof.how, proof.subject.kind)) is standing),
        None,
    )


def _sign_in(act: Act, signed_in_as: set[SubjectKind]) -> Refusal:
    """What someone is told who may not: which account to use now, where it is the other one."""
    if act in _OF_ORG_ACCOUNT:
        return SignInAsOrganization()
    if signed_in_as == {SubjectKind.ORGANIZATION}:
        return SignInAsPerson()
    return ProofNeeded()
