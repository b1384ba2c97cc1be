"""Guangdong's 稳岗返还信息确认 (F8): its screens are the hall's; which of its doors is open to this person."""

from datetime import datetime
from enum import Enum

from sqlalchemy.orm import Session

from hrss import accounts, acting, authority
from hrss.authority import Act
from hrss.errors import NotGranted, Refusal
from hrss.hall import Hall
from hrss.tables import OrgAccount
from hrss.trust import TrustLevel

PROVINCE = "gd"


class Door(str, Enum):
    LEVEL = "level"  # signed in as an organization that is known well enough (U4)
    LIVE_PERSON = (
        "live_person"  # … that is not, with its legal representative on record as in the register (U9)
    )
    REPRESENTATIVE_DIFFERS = "representative_differs"  # … whose representative must be corrected first
    OPERATOR = "operator"  # a person who is bound and granted
    GRANT_MISSING = "grant_missing"
    BINDING_MISSING = "binding_missing"
    UNKNOWN = "unknown"  # nobody is signed in: all doors are told


def guangdong(session: Session, hall: Hall, conversation_id: str, *, now: datetime) -> Door:
    """The door that this conversation's person can use, or what is missing before one."""
    account_id = authority.signed_in_organization(session, conversation_id, now=now)
    if account_id is not None:
        return _of_organization(session, hall, account_id)
    if authority.signed_in_person(session, conversation_id, now=now) is None:
        return Door.UNKNOWN
    try:
        acting.able(session, conversation_id, Act.CONFIRM_REFUND, now=now, province=PROVINCE)
    except NotGranted:
        return Door.GRANT_MISSING
    except Refusal:
        return Door.BINDING_MISSING
    return Door.OPERATOR


def _of_organization(session: Session, hall: Hall, account_id: str) -> Door:
    account = session.get(OrgAccount, account_id)
    if hall.systems.provincial_identity.trust_level(account.number) >= TrustLevel.L2:
        return Door.LEVEL
    ours = accounts.organization(session, account)
    theirs = hall.systems.market_register.legal_entity(account.number)
    if theirs is not None and accounts.same_text(theirs.legal_representative, ours.legal_representative):
        return Door.LIVE_PERSON
    return Door.REPRESENTATIVE_DIFFERS
