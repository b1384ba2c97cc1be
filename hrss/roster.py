"""Who is bound to whom (名单), as either side may see it, and how it came to be. B8."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import authority
from hrss.accounts import masked_name
from hrss.authority import Act, Business
from hrss.hall import Hall
from hrss.identifiers import Kind, mask
from hrss.subjects import SubjectKind
from hrss.tables import AuditEntry, Binding, Grant, OrgAccount, Organization, Person, PrimaryContact
from hrss.tables.bindings import ACCEPTED

MOST_CHANGES = 50
# What happens to an organization's bindings, as the trail calls it and people read it.
DID = {
    "binding.requested": "发起绑定",
    "binding.withdrawn": "撤回绑定申请",
    "binding.accepted": "通过绑定",
    "binding.refused": "拒绝绑定",
    "binding.released": "取消绑定",
    "primary_contact.named": "设为常用联系人",
    "grant.given": "授权业务",
    "grant.withdrawn": "取消授权",
    "grant_code.issued": "窗口发放授权码",
    "grant_code.verified": "授权码实名",
    "organization.renamed": "修改单位名称",
    "organization.updated": "更新单位信息",
}
CHANNELS = {"web": "网页", "wechat": "微信", "console": "工作台"}


@dataclass(frozen=True)
class Operator:
    """A person bound to an organization (子账号), or asked to be, as the organization sees them."""

    person_id: str
    name: str
    certificate: str  # masked
    has_accepted: bool
    is_primary_contact: bool
    businesses: tuple[Business, ...]

    @property
    def label(self) -> str:
        """What kind of 子账号 it is."""
        if not self.has_accepted:
            return "等待对方通过"
        return "常用联系人" if self.is_primary_contact else "经办人员"


@dataclass(frozen=True)
class Parent:
    """An organization that a person is bound to (父账号), or asked by, as the person sees it."""

    account_id: str
    name: str
    number: str
    province: str
    has_accepted: bool
    is_verified: bool  # 授权码实名 is done
    is_primary_contact: bool
    businesses: tuple[Business, ...]


@dataclass(frozen=True)
class Change:
    """One line of the history: who did what with whom, when, and through which channel."""

    at: datetime
    did: str  # a label of `DID`
    by: str  # "organization", "person" or "counter"
    name: str  # of the person concerned, masked; empty where it is none
    business: str  # the label of what was granted or withdrawn
    channel: str


def of_organization(
    session: Session, hall: Hall, conversation_id: str, *, now: datetime
) -> tuple[Operator, ...]:
    """Who is bound to the organization that is signed in, or asked to be; the longest first."""
    proof = authority.require(
        session, conversation_id, Act.SEE_BINDINGS, kind=SubjectKind.ORGANIZATION, now=now
    )
    account_id = proof.subject.id
    contact = session.get(PrimaryContact, account_id, populate_existing=True)
    rows = session.execute(
        select(Binding, Person)
        .join(Person, Person.id == Binding.person_id)
        .where(Binding.account_id == account_id)
        .order_by(Binding.requested_at, Binding.person_id)
    )
    return tuple(
        Operator(
            person_id=person.id,
            name=person.name,
            certificate=mask(
                Kind(person.certificate_type), hall.sealer.unseal_document(person)["certificate"]
            ),
            has_accepted=binding.state == ACCEPTED,
            is_primary_contact=contact is not None and contact.person_id == person.id,
            businesses=granted(session, account_id, person.id),
        )
        for binding, person in rows
    )


def of_person(
    session: Session, conversation_id: str, *, now: datetime, province: str | None = None
) -> tuple[Parent, ...]:
    """The organizations that the person of this conversation is bound to or asked by, in one province or all."""
    proof = authority.require(session, conversation_id, Act.ANSWER_BINDING, kind=SubjectKind.PERSON, now=now)
    return parents(session, proof.subject.id, province=province)


def parents(session: Session, person_id: str, *, province: str | None = None) -> tuple[Parent, ...]:
    """For this package: of the person with this id, whoever asks."""
    chosen = (
        select(Binding, OrgAccount, Organization, PrimaryContact.person_id)
        .join(OrgAccount, OrgAccount.id == Binding.account_id)
        .join(Organization, Organization.id == OrgAccount.organization_id)
        .outerjoin(PrimaryContact, PrimaryContact.account_id == OrgAccount.id)
        .where(Binding.person_id == person_id)
        .order_by(Binding.requested_at, Binding.account_id)
    )
    if province is not None:
        chosen = chosen.where(OrgAccount.province == province)
    return tuple(
        Parent(
            account_id=account.id,
            name=organization.name,
            number=account.number,
            province=account.province,
            has_accepted=binding.state == ACCEPTED,
            is_verified=binding.verified_at is not None,
            is_primary_contact=contact_id == person_id,
            businesses=granted(session, account.id, person_id),
        )
        for binding, account, organization, contact_id in session.execute(chosen)
    )


def granted(session: Session, account_id: str, person_id: str) -> tuple[Business, ...]:
    rows: Sequence[str] = session.scalars(
        select(Grant.business)
        .where(Grant.account_id == account_id, Grant.person_id == person_id)
        .order_by(Grant.granted_at, Grant.business)
    ).all()
    return tuple(map(Business, rows))


def history(
    session: Session, hall: Hall, conversation_id: str, *, now: datetime, limit: int = MOST_CHANGES
) -> tuple[Change, ...]:
    """What happened to the bindings of the organization that is signed in, the newest first."""
    proof = authority.require(
        session, conversation_id, Act.SEE_BINDINGS, kind=SubjectKind.ORGANIZATION, now=now
    )
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_kind == SubjectKind.ORGANIZATION.value,
            AuditEntry.subject_id == proof.subject.id,
            AuditEntry.did.in_(DID),
        )
        .order_by(desc(AuditEntry.id))
        .limit(limit)
    ).all()
    concerned = {entry.facts["person"] for entry in entries if "person" in entry.facts}
    people = select(Person.id, Person.name).where(Person.id.in_(concerned))
    names = {person_id: masked_name(name) for person_id, name in session.execute(people)}
    return tuple(
        Change(
            at=entry.at,
            did=DID[entry.did],
            by=entry.facts["by"],
            name=names.get(entry.facts.get("person"), ""),
            business=Business(entry.facts["business"]).label if "business" in entry.facts else "",
            channel=CHANNELS.get(entry.channel or "", entry.channel or ""),
        )
        for entry in entries
    )
