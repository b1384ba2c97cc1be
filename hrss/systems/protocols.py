"""
The systems around the hall (domain §6), as narrow as the business needs them.

A true one is one class with these methods, and one setting that chooses it. While it cannot reach its system, every
method but those about SMS raises `SystemAway`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy.orm import Session

from hrss.trust import RealNameLevel, TrustLevel


@dataclass(frozen=True)
class LegalEntity:
    """What the market-regulation register has of an organization."""

    uscc: str
    name: str
    legal_representative: str


class ProvincialIdentity(Protocol):
    """省统一身份认证."""

    def real_name_level(self, certificate: str) -> RealNameLevel:
        """How well it knows this person."""

    def trust_level(self, uscc: str) -> TrustLevel:
        """How well it knows this organization."""


class UnionPay(Protocol):
    """银联实名认证."""

    def confirms(self, *, name: str, certificate: str, card: str, phone: str) -> bool:
        """Whether the bank has this card of this person, with this phone."""


class ESocialCard(Protocol):
    """电子社保卡."""

    def confirms(self, *, name: str, certificate: str) -> bool:
        """Whether the person has scanned and is who the card says."""


class Yuexinqian(Protocol):
    """粤信签 法人实人认证."""

    def recognises(self, *, uscc: str, name: str, certificate: str) -> bool:
        """Whether the living person in front of it is this legal representative."""


class MarketRegister(Protocol):
    """市场监管法人库."""

    def legal_entity(self, uscc: str) -> LegalEntity | None:
        """What it has under this code."""


class CodeSource(Protocol):
    """Where the six digits of an SMS code come from."""

    def draw(self, phone: str) -> str: ...


class SmsNotTaken(Exception):
    """
    The gateway has surely not taken the message.

    `again`: the same message may be taken later; otherwise it never will.
    """

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class SmsGateway(Protocol):
    def send(self, sms_id: str, phone: str, template: str, blanks: Mapping[str, str]) -> str:
        """
        Have the message sent; returns the gateway's receipt.

        Raises SmsNotTaken when it certainly was not; anything else raised leaves that open.
        """


@dataclass(frozen=True)
class PortalStanding:
    """What Henan's unit hall (河南单位网厅) has of an organization."""

    maintained_on: tuple[date, ...] = ()
    registered: bool = False
    has_administrator: bool = False


class OrgPortal(Protocol):
    """河南单位网厅."""

    def standing(self, uscc: str) -> PortalStanding:
        """How far this organization has come."""

    def is_maintained_phone(self, uscc: str, phone: str) -> bool:
        """Whether this is the operator's phone given when the code was last maintained (H4)."""

    def maintain(self, session: Session, uscc: str, phone: str, on: date) -> None:
        """Record that the counter maintained the code, with the operator's phone."""


@dataclass(frozen=True)
class Systems:
    provincial_identity: ProvincialIdentity
    unionpay: UnionPay
    e_social_card: ESocialCard
    yuexinqian: Yuexinqian
    market_register: MarketRegister
    org_portal: OrgPortal
    codes: CodeSource
    sms: SmsGateway
