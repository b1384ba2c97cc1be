"""The systems of a demo hall: what they know stands in the database, where `python -m hrss demo` put it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss.database import Database
from hrss.identifiers import Kind, mask
from hrss.sealing import Sealer
from hrss.sms import worded
from hrss.systems.codes import RandomCodes
from hrss.systems.protocols import LegalEntity, PortalStanding, Systems
from hrss.tables import DemoInboxSms, DemoRecord
from hrss.trust import RealNameLevel, TrustLevel


class System(str, Enum):
    PROVINCIAL_PERSON = "provincial_person"
    PROVINCIAL_ORG = "provincial_org"
    UNIONPAY = "unionpay"
    E_SOCIAL_CARD = "e_social_card"
    YUEXINQIAN = "yuexinqian"
    MARKET_REGISTER = "market_register"
    ORG_PORTAL = "org_portal"
    CODES = "codes"


class DemoRecords:
    """What the demo systems know: a small document for a subject, found by keyed hash."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def put(self, session: Session, system: System, *subject: str, body: Mapping[str, Any]) -> None:
        session.merge(DemoRecord(system=system.value, subject=self._sealer.lookup(*subject), body=dict(body)))

    def of(self, system: System, *subject: str) -> dict[str, Any] | None:
        with self._database.reading() as session:
            record = session.get(DemoRecord, (system.value, self._sealer.lookup(*subject)))
            return record.body if record else None


@dataclass(frozen=True)
class DemoProvincialIdentity:
    records: DemoRecords

    def real_name_level(self, certificate: str) -> RealNameLevel:
        known = self.records.of(System.PROVINCIAL_PERSON, certificate)
        return RealNameLevel(known["level"]) if known else RealNameLevel.NONE

    def trust_level(self, uscc: str) -> TrustLevel:
        known = self.records.of(System.PROVINCIAL_ORG, uscc)
        return TrustLevel(known["level"]) if known else TrustLevel.NONE


@dataclass(frozen=True)
class DemoUnionPay:
    records: DemoRecords

    def confirms(self, *, name: str, certificate: str, card: str, phone: str) -> bool:
        return self.records.of(System.UNIONPAY, name, certificate, card, phone) is not None


@dataclass(frozen=True)
class DemoESocialCard:
    records: DemoRecords

    def confirms(self, *, name: str, certificate: str) -> bool:
        return self.records.of(System.E_SOCIAL_CARD, name, certificate) is not None


@dataclass(frozen=True)
class DemoYuexinqian:
    records: DemoRecords

    def recognises(self, *, uscc: str, name: str, certificate: str) -> bool:
        return self.records.of(System.YUEXINQIAN, uscc, name, certificate) is not None


@dataclass(frozen=True)
class DemoMarketRegister:
    records: DemoRecords

    def legal_entity(self, uscc: str) -> LegalEntity | None:
        known = self.records.of(System.MARKET_REGISTER, uscc)
        return LegalEntity(uscc=uscc, **known) if known else None


@dataclass(frozen=True)
class DemoOrgPortal:
    records: DemoRecords
    sealer: Sealer

    def standing(self, uscc: str) -> PortalStanding:
        known = self.records.of(System.ORG_PORTAL, uscc) or {}
        return PortalStanding(
            maintained_on=tuple(map(date.fromisoformat, known.get("maintained_on", ()))),
            registered=known.get("registered", False),
            has_administrator=known.get("has_administrator", False),
        )

    def is_maintained_phone(self, uscc: str, phone: str) -> bool:
        known = self.records.of(System.ORG_PORTAL, uscc) or {}
        return self.sealer.is_lookup_of(known.get("phone_lookup", ""), "phone", phone)

    def maintain(self, session: Session, uscc: str, phone: str, on: date) -> None:
        known = self.records.of(System.ORG_PORTAL, uscc) or {}
        times = [*known.get("maintained_on", ()), on.isoformat()]
        body = {**known, "maintained_on": times, "phone_lookup": self.sealer.lookup("phone", phone)}
        self.records.put(session, System.ORG_PORTAL, uscc, body=body)


@dataclass(frozen=True)
class DemoCodes:
    """Phones of the demo dialogues always get the same code, so that a script can say it."""

    records: DemoRecords

    def draw(self, phone: str) -> str:
        scripted = self.records.of(System.CODES, phone)
        return scripted["code"] if scripted else RandomCodes().draw(phone)


@dataclass(frozen=True)
class DemoSms:
    """Puts messages into an inbox that the console shows."""

    database: Database
    sealer: Sealer

    def send(self, sms_id: str, phone: str, template: str, blanks: Mapping[str, str]) -> str:
        row = DemoInboxSms(id=sms_id, at=datetime.now(timezone.utc))
        self.sealer.seal_document(row, {"phone": phone, "text": worded(template, blanks)})
        with self.database.transaction() as session:
            session.add(row)
        return f"demo-{sms_id}"


@dataclass(frozen=True)
class ReceivedSms:
    at: datetime
    phone: str  # masked
    text: str


def inbox(session: Session, sealer: Sealer, limit: int = 50) -> list[ReceivedSms]:
    """What the demo phones received, the newest first."""
    rows = session.scalars(select(DemoInboxSms).order_by(desc(DemoInboxSms.at)).limit(limit))
    return [
        ReceivedSms(row.at, mask(Kind.PHONE, message["phone"]), message["text"])
        for row in rows
        for message in [sealer.unseal_document(row)]
    ]


def systems(database: Database, sealer: Sealer) -> Systems:
    records = DemoRecords(database, sealer)
    return Systems(
        provincial_identity=DemoProvincialIdentity(records),
        unionpay=DemoUnionPay(records),
        e_social_card=DemoESocialCard(records),
        yuexinqian=DemoYuexinqian(records),
        market_register=DemoMarketRegister(records),
        org_portal=DemoOrgPortal(records, sealer),
        codes=DemoCodes(records),
        sms=DemoSms(database, sealer),
    )
