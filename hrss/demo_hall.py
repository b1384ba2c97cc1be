"""Fills a demo hall with what `words/demo_hall.yml` invents."""

import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hrss import appeals, case_review, cases, conversations, photos, words
from hrss.accounts import phone_of
from hrss.hall import Hall
from hrss.identifiers import Kind, parse_org_number, parse_personal_number
from hrss.identity import answer_parts
from hrss.recovery import Recovered
from hrss.systems.demo import DemoRecords, System
from hrss.tables import (
    Binding,
    Case,
    CounterBooking,
    Grant,
    OrgAccount,
    Organization,
    Person,
    PersonAccount,
    PrimaryContact,
    SecurityAnswer,
    SmsCode,
)
from hrss.tables.bindings import ACCEPTED, REQUESTED
from hrss.workdays import BEIJING

REVIEWER = "demo_reviewer"


def fill(session: Session, hall: Hall, records: DemoRecords, *, now: datetime) -> None:
    """Put everyone back into the state the file describes, and let their phones get codes again."""
    invented = words.read("demo_hall")
    for person in invented["people"]:
        register(session, hall, records, person, now)
    for organization in invented["organizations"]:
        _organization(session, hall, records, organization, now)
    for portal in invented["portals"]:
        _portal(session, hall, records, portal, now)
    session.flush()


def submit_cases(session: Session, hall: Hall, *, now: datetime) -> None:
    """Give staff something to review, once; the demo staff must be there, and the demo people be committed."""
    if session.scalar(select(Case.number).limit(1)):
        return
    invented = words.read("demo_hall")
    people = {person["id"]: person for person in invented["people"]}
    for age, appeal in enumerate(reversed(invented["appeals"]), start=1):
        _appeal(session, hall, people[appeal["by"]], appeal, now - timedelta(hours=age))


def register(
    session: Session, hall: Hall, records: DemoRecords, person: Mapping[str, Any], now: datetime
) -> None:
    """Put one person into the hall, in the form of the file."""
    name = person["name"]
    kind, certificate = parse_personal_number(person["certificate"])
    row = Person(
        id=person["id"],
        name=name,
        certificate_type=kind.value,
        certificate_lookup=hall.sealer.lookup("certificate", certificate),
    )
    hall.sealer.seal_document(row, {"certificate": certificate})
    session.merge(row)
    for nth, account in enumerate(person["accounts"]):
        _person_account(session, hall, records, f"{person['id']}_{nth}", person, account, now)
    records.put(
        session, System.PROVINCIAL_PERSON, certificate, body={"level": person.get("provincial_level", 0)}
    )
    if person.get("e_social_card"):
        records.put(session, System.E_SOCIAL_CARD, name, certificate, body={})
    if card := person.get("card"):
        phone = person["accounts"][0]["phone"]
        records.put(session, System.UNIONPAY, name, certificate, card, phone, body={})


def _person_account(
    session: Session,
    hall: Hall,
    records: DemoRecords,
    account_id: str,
    person: Mapping[str, Any],
    account: Mapping[str, Any],
    now: datetime,
) -> None:
    phone, card = account["phone"], person.get("card")
    phone_lookup = hall.sealer.lookup("phone", phone)
    row = PersonAccount(
        id=account_id,
        person_id=person["id"],
        province=account.get("province", "gd"),
        login=account["login"],
        real_name_level=account["level"],
        phone_lookup=phone_lookup,
        card_lookup=hall.sealer.lookup("card", card) if card else None,
        password_hash=None,
        must_change=False,
        registered_at=now - timedelta(days=365),
        cancelled_at=None,
    )
    hall.sealer.seal_document(row, {"phone": phone, "card": card})
    session.merge(row)
    for question, answer in account.get("answers", {}).items():
        lookup = hall.sealer.lookup(*answer_parts(account_id, question, answer))
        session.merge(SecurityAnswer(account_id=account_id, question=question, answer_lookup=lookup))
    if code := account.get("code"):
        records.put(session, System.CODES, phone, body={"code": code})
    session.execute(delete(SmsCode).where(SmsCode.phone_lookup == phone_lookup))


def _organization(
    session: Session, hall: Hall, records: DemoRecords, organization: Mapping[str, Any], now: datetime
) -> None:
    province = organization.get("province", "gd")
    kind, number = parse_org_number(organization.get("uscc") or organization["org_code"])
    row_id = f"demo_{number}"
    session.merge(
        Organization(
            id=row_id,
            province=province,
            name=organization["name"],
            uscc=organization.get("uscc"),
            org_code=organization.get("org_code"),
            management_code=organization.get("management_code"),
            legal_representative=organization["legal_representative"],
            is_real_name=organization.get("real_name", False),
        )
    )
    session.merge(
        OrgAccount(
            id=row_id,
            organization_id=row_id,
            province=province,
            login=organization["login"],
            number=number,
            password_hash=None,
            must_change=False,
            registered_at=now - timedelta(days=365),
        )
    )
    session.flush()
    _bindings(session, hall, row_id, organization, now)
    records.put(session, System.PROVINCIAL_ORG, number, body={"level": organization.get("trust", 0)})
    if kind is Kind.USCC:
        entity = {key: organization[key] for key in ("name", "legal_representative")}
        records.put(session, System.MARKET_REGISTER, number, body=organization.get("register", entity))
    if representative := organization.get("live_person"):
        records.put(
            session,
            System.YUEXINQIAN,
            number,
            representative["name"],
            representative["certificate"],
            body={},
        )


def _bindings(
    session: Session, hall: Hall, account_id: str, organization: Mapping[str, Any], now: datetime
) -> None:
    """Bind and grant what the file says, and nothing else; a contact named where it has none stays (U3)."""
    operators, asked = organization.get("operators", {}), organization.get("asked", ())
    session.execute(delete(Grant).where(Grant.account_id == account_id))
    for nth, person_id in enumerate((*operators, *asked)):
        accepted = person_id in operators
        session.merge(
            Binding(
                account_id=account_id,
                person_id=person_id,
                state=ACCEPTED if accepted else REQUESTED,
                requested_at=now - timedelta(days=30 - nth),
                accepted_at=now - timedelta(days=29 - nth) if accepted else None,
                verified_at=None,
            )
        )
        for business in operators.get(person_id, ()):
            session.merge(
                Grant(account_id=account_id, person_id=person_id, business=business, granted_at=now)
            )
    session.flush()
    contact = _contact(session, hall, account_id, organization, now)
    session.execute(
        delete(Binding)
        .where(
            Binding.account_id == account_id,
            Binding.person_id.not_in([*operators, *asked, *([contact.person_id] if contact else [])]),
        )
        .execution_options(synchronize_session="fetch")
    )


def _contact(
    session: Session, hall: Hall, account_id: str, organization: Mapping[str, Any], now: datetime
) -> PrimaryContact | None:
    contact = organization.get("contact")
    if contact is None:
        named: PrimaryContact | None = session.get(PrimaryContact, account_id)
        return named
    row = PrimaryContact(account_id=account_id, since=now)
    if isinstance(contact, str):
        row.name, row.person_id, row.binding_state = session.get(Person, contact).name, contact, ACCEPTED
        phone = phone_of(hall, session.get(PersonAccount, f"{contact}_0"))
    else:
        row.name, row.person_id, row.binding_state, phone = contact["name"], None, None, contact["phone"]
    row.phone_lookup = hall.sealer.lookup("phone", phone)
    hall.sealer.seal_document(row, {"phone": phone})
    session.execute(delete(SmsCode).where(SmsCode.phone_lookup == row.phone_lookup))
    session.merge(row)
    session.flush()
    return row


def _portal(
    session: Session, hall: Hall, records: DemoRecords, portal: Mapping[str, Any], now: datetime
) -> None:
    """What Henan's unit hall has of an organization; its code was maintained so many days ago."""
    days = [(now - timedelta(days=ago)).astimezone(BEIJING).date() for ago in portal.get("maintained", ())]
    body = {
        "maintained_on": [day.isoformat() for day in days],
        "phone_lookup": hall.sealer.lookup("phone", portal["phone"]) if days else "",
        "registered": portal.get("registered", False),
        "has_administrator": portal.get("has_administrator", False),
    }
    records.put(session, System.ORG_PORTAL, portal["uscc"], body=body)
    session.execute(
        update(CounterBooking)
        .where(CounterBooking.uscc == portal["uscc"], CounterBooking.state == "open")
        .values(state="replaced")
    )


def _appeal(
    session: Session, hall: Hall, person: Mapping[str, Any], appeal: Mapping[str, Any], at: datetime
) -> None:
    conversation = conversations.open(
        session, channel="demo", province="gd", now=at, idle=timedelta(minutes=30)
    )
    conversations.record_consent(
        session, conversation.id, kind=photos.CONSENT, granted=True, text_version="demo", now=at
    )
    photo = photos.keep(session, hall, conversation.id, data=_drawn_card(), now=at)
    receipt = appeals.by_person(
        session,
        hall,
        conversation.id,
        what=Recovered(appeal["what"]),
        province="gd",
        name=person["name"],
        certificate=person["certificate"],
        phone=person["accounts"][0]["phone"],
        shown=[photo],
        key="demo",
        now=at,
    )
    for step in appeal["steps"]:
        if step == "take":
            case_review.take(session, hall, receipt.number, staff=REVIEWER, now=at)
        elif step == "approve":
            case_review.approve(session, hall, receipt.number, staff=REVIEWER, now=at)
        elif step == "withdraw":
            cases.withdraw(session, hall, conversation.id, number=receipt.number, key="demo", now=at)
        else:
            decide = {"return": case_review.return_, "reject": case_review.reject}[step]
            decide(session, hall, receipt.number, staff=REVIEWER, reason=appeal["reason"], now=at)


def _drawn_card() -> bytes:
    """Something like a certificate, of nobody."""
    card = Image.new("RGB", (856, 540), "#dfe9f2")
    draw = ImageDraw.Draw(card)
    draw.rectangle((590, 90, 790, 340), fill="#a9bccb", outline="#506478", width=3)
    for line in range(6):
        draw.text((60, 90 + 60 * line), "DEMO  SPECIMEN  000000  " * 3, fill="#223344")
    written = io.BytesIO()
    card.save(written, "PNG")
    return written.getvalue()
