"""How well someone is known, how well they must be for what they want, and how to get there: P2, P3, U4."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum

from sqlalchemy.orm import Session

from hrss import accounts, audit, authority
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.errors import NoAccount, RealNameNotRaised
from hrss.hall import Hall
from hrss.identifiers import parse_bank_card, parse_phone
from hrss.identity import unionpay_differs
from hrss.operations import once
from hrss.subjects import SubjectKind
from hrss.tables import OrgAccount, Person
from hrss.trust import RealNameLevel, TrustLevel


class Way(str, Enum):
    """How a level is raised."""

    PROVINCIAL_IDENTITY = "provincial_identity"
    E_SOCIAL_CARD = "e_social_card"
    UNIONPAY = "unionpay"
    LEGAL_ENTITY_CHECK = "legal_entity_check"
    BANK_CERTIFICATE = "bank_certificate"
    E_BUSINESS_LICENSE = "e_business_license"
    GUIDED_UPGRADE = "guided_upgrade"

    @property
    def label(self) -> str:
        return {
            Way.PROVINCIAL_IDENTITY: "省统一身份认证扫码",
            Way.E_SOCIAL_CARD: "电子社保卡",
            Way.UNIONPAY: "银联实名认证",
            Way.LEGAL_ENTITY_CHECK: "法人基础库核验",
            Way.BANK_CERTIFICATE: "网银证书",
            Way.E_BUSINESS_LICENSE: "电子营业执照",
            Way.GUIDED_UPGRADE: "按页面引导提升",
        }[self]


class Purpose(str, Enum):
    """What a level is needed for."""

    REAL_NAME = "real_name"
    REGISTER_ORG = "register_org"
    ORG_LOGIN = "org_login"  # by 省统一身份认证
    REFUND_CONFIRMATION = "refund_confirmation"
    DEMANDING_SYSTEM = "demanding_system"  # one that says 单位用户最低实名等级为"L3"级


_NEEDED: dict[Purpose, tuple[IntEnum, tuple[Way, ...]]] = {
    # P2: the first two are what the platform recommends.
    Purpose.REAL_NAME: (RealNameLevel.FIRST, (Way.PROVINCIAL_IDENTITY, Way.E_SOCIAL_CARD, Way.UNIONPAY)),
    Purpose.REGISTER_ORG: (RealNameLevel.SECOND, (Way.PROVINCIAL_IDENTITY, Way.UNIONPAY)),  # P3
    Purpose.ORG_LOGIN: (TrustLevel.L2, (Way.BANK_CERTIFICATE, Way.E_BUSINESS_LICENSE)),  # U4
    Purpose.REFUND_CONFIRMATION: (TrustLevel.L2, (Way.BANK_CERTIFICATE, Way.E_BUSINESS_LICENSE)),
    Purpose.DEMANDING_SYSTEM: (TrustLevel.L3, (Way.GUIDED_UPGRADE,)),
}
# P3: any of the three makes a person real-named at 二级.
RAISED_TO = RealNameLevel.SECOND


@dataclass(frozen=True)
class Level:
    reached: str  # labels
    needed: str
    enough: bool
    ways: tuple[Way, ...]  # none when it is enough


def of_person(
    session: Session, hall: Hall, conversation_id: str, *, province: str, purpose: Purpose, now: datetime
) -> Level:
    """The real-name level (实名等级) of the person this conversation has proven to be."""
    proof = authority.require(session, conversation_id, Act.SEE_LEVEL, kind=SubjectKind.PERSON, now=now)
    found = accounts.of_person(session, proof.subject.id, province)
    if not found:
        raise NoAccount()
    return _against(RealNameLevel(max(account.real_name_level for account in found)), purpose)


def of_organization(
    session: Session, hall: Hall, conversation_id: str, *, purpose: Purpose, now: datetime
) -> Level:
    """The trust level (可信等级) of the organization, as 省统一身份认证 has it."""
    proof = authority.require(session, conversation_id, Act.SEE_LEVEL, kind=SubjectKind.ORGANIZATION, now=now)
    account = session.get(OrgAccount, proof.subject.id)
    return _against(hall.systems.provincial_identity.trust_level(account.number), purpose)


@once
def raise_person(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    province: str,
    way: Way,
    card: str | None = None,
    phone: str | None = None,
    key: str,
    now: datetime,
) -> Checked:
    """
    Have the system of this way confirm the person, and raise their accounts.

    `card` and `phone` are for UnionPay, from a page of the hall: the chat asks nobody for a card number.
    """
    proof = authority.require(session, conversation_id, Act.RAISE_LEVEL, kind=SubjectKind.PERSON, now=now)
    person = session.get(Person, proof.subject.id)
    certificate = hall.sealer.unseal_document(person)["certificate"]
    if way is Way.UNIONPAY:
        refusal = unionpay_differs(
            session,
            hall,
            person.name,
            certificate,
            parse_bank_card(card or ""),
            parse_phone(phone or ""),
            now,
        )
        if refusal is not None:
            return Checked(refusal)
    elif not _confirmed(hall, way, person.name, certificate):
        return Checked(RealNameNotRaised())
    for account in accounts.of_person(session, person.id, province):
        account.real_name_level = max(account.real_name_level, RAISED_TO)
    audit.record(
        session, "level.raised", proof.subject, now=now, conversation_id=conversation_id, way=way.value
    )
    return Checked()


def _confirmed(hall: Hall, way: Way, name: str, certificate: str) -> bool:
    if way is Way.E_SOCIAL_CARD:
        return hall.systems.e_social_card.confirms(name=name, certificate=certificate)
    if way is Way.PROVINCIAL_IDENTITY:
        return hall.systems.provincial_identity.real_name_level(certificate) >= RAISED_TO
    raise ValueError(f"{way.value} is no way for a person")


def _against(reached: RealNameLevel | TrustLevel, purpose: Purpose) -> Level:
    needed, ways = _NEEDED[purpose]
    if type(needed) is not type(reached):
        raise ValueError(f"{purpose.value} needs a {type(needed).__name__}")
    enough = reached >= needed
    if isinstance(needed, TrustLevel) and reached < TrustLevel.L1 and not enough:
        ways = (Way.LEGAL_ENTITY_CHECK, *ways)  # U4: 三级 comes before 四级
    return Level(reached.label, needed.label, enough, () if enough else ways)
