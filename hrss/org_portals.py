"""Henan's unit hall (河南单位网厅): at which step of H2 an organization stands, and the appointment at the counter."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import accounts, attempts, audit
from hrss.database import lock
from hrss.errors import (
    AlreadyRegistered,
    BookingUnknown,
    MaintainedTooOften,
    MaintainedTwiceToday,
    TooManyChecks,
)
from hrss.hall import Hall
from hrss.identifiers import CASE_ALPHABET, check_character, parse_phone, parse_uscc
from hrss.operations import once
from hrss.staff_rights import Right, require
from hrss.subjects import Subject, SubjectKind
from hrss.tables import CounterBooking
from hrss.workdays import BEIJING

PROVINCE = "hn"
MAINTAINED_AT_MOST = 3  # H3
MAINTAINED_A_DAY = 2
CHECKS = 5
CHECKS_WITHIN = timedelta(hours=1)
OPEN, DONE = "open", "done"
RANDOM_CHARACTERS = 6


class Step(str, Enum):
    """What comes next for an organization without a UK (H2), as far as this phone may know (H4)."""

    MAINTAIN = "maintain"  # nothing is maintained with this phone
    REGISTER = "register"
    ADMINISTRATOR = "administrator"
    OTHER_PHONE = "other_phone"  # registered; the phone is not the one given at maintenance
    READY = "ready"


class Login(str, Enum):
    USB_KEY = "usb_key"
    CERTIFICATE_FREE = "certificate_free"


class PortalBusiness(str, Enum):
    ORDINARY_REFUND = "普通稳岗返还申报"
    EMERGENCY_REFUND = "应急稳岗返还申报"
    DEFERRED_PAYMENT = "单位缓交登记申报"


@dataclass(frozen=True)
class Standing:
    step: Step


@dataclass(frozen=True)
class Booked:
    number: str
    already_open: bool
    left: int  # how often it may still be maintained after this time


def may(login: Login, business: str) -> bool:
    """H5: without a certificate a session does three things, and with a UK whatever the hall has."""
    return login is Login.USB_KEY or business in {each.value for each in PortalBusiness}


@once
def check(
    session: Session, hall: Hall, conversation_id: str, *, uscc: str, phone: str, key: str, now: datetime
) -> Standing:
    """
    At which step an organization stands.

    That it is registered, anyone may know (U7); the rest only who has the phone given at maintenance.
    """
    uscc, phone = parse_uscc(uscc), parse_phone(phone)
    if not attempts.left(session, "portal", conversation_id, limit=CHECKS, window=CHECKS_WITHIN, now=now):
        raise TooManyChecks(limit=CHECKS)
    attempts.count(session, "portal", conversation_id, now)
    theirs = hall.systems.org_portal.standing(uscc)
    fits = hall.systems.org_portal.is_maintained_phone(uscc, phone)
    if _is_registered(session, hall, uscc):
        if not fits:
            return Standing(Step.OTHER_PHONE)
        return Standing(Step.READY if theirs.has_administrator else Step.ADMINISTRATOR)
    return Standing(Step.REGISTER if fits else Step.MAINTAIN)


@once
def book(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    uscc: str,
    org_name: str,
    operator_name: str,
    phone: str,
    key: str,
    now: datetime,
) -> Booked:
    """Make an appointment to have the code maintained at the counter, within the limits of H3; one at a time."""
    uscc, phone = parse_uscc(uscc), parse_phone(phone)
    lock(session, f"portal {uscc}")
    left = _left(session, hall, uscc, now)
    open_one = session.scalar(
        select(CounterBooking).where(CounterBooking.uscc == uscc, CounterBooking.state == OPEN)
    )
    of_phone = hall.sealer.lookup("phone", phone)
    if open_one is not None and open_one.phone_lookup == of_phone:
        return Booked(open_one.number, True, left - 1)
    if (
        open_one is not None
    ):  # the newest is meant: its number goes to whoever came last, the older one is void
        open_one.state = "replaced"
        session.flush()
    drawn = "".join(secrets.choice(CASE_ALPHABET) for _ in range(RANDOM_CHARACTERS))
    booking = CounterBooking(
        number=f"YY{drawn}{check_character(drawn)}",
        uscc=uscc,
        org_name=org_name,
        state=OPEN,
        phone_lookup=of_phone,
        conversation_id=conversation_id,
        booked_at=now,
    )
    hall.sealer.seal_document(booking, {"phone": phone, "operator_name": operator_name})
    session.add(booking)
    _record(session, "portal.booked", booking, now, conversation_id=conversation_id)
    session.flush()
    return Booked(booking.number, False, left - 1)


def maintain(session: Session, hall: Hall, number: str, *, staff: str, now: datetime) -> CounterBooking:
    """The counter has maintained the code of a booking, with its phone (H3, H4)."""
    require(session, staff, Right.COUNTER)
    booking: CounterBooking | None = session.get(CounterBooking, number, with_for_update=True)
    if booking is None or booking.state != OPEN:
        raise BookingUnknown()
    lock(session, f"portal {booking.uscc}")
    _left(session, hall, booking.uscc, now)
    phone = hall.sealer.unseal_document(booking)["phone"]
    hall.systems.org_portal.maintain(session, booking.uscc, phone, now.astimezone(BEIJING).date())
    booking.state, booking.settled_at, booking.settled_by = DONE, now, staff
    _record(session, "portal.maintained", booking, now, staff=staff)
    session.flush()
    return booking


def bookings(session: Session) -> Sequence[CounterBooking]:
    """Who is expected at the counter, the oldest first."""
    found = select(CounterBooking).where(CounterBooking.state == OPEN).order_by(CounterBooking.booked_at)
    return session.scalars(found).all()


def _left(session: Session, hall: Hall, uscc: str, now: datetime) -> int:
    """How often the code may still be maintained; a refusal where it may not (H3)."""
    if _is_registered(session, hall, uscc):
        raise AlreadyRegistered()
    times = hall.systems.org_portal.standing(uscc).maintained_on
    if len(times) >= MAINTAINED_AT_MOST:
        raise MaintainedTooOften(limit=MAINTAINED_AT_MOST)
    if times.count(now.astimezone(BEIJING).date()) >= MAINTAINED_A_DAY:
        raise MaintainedTwiceToday(limit=MAINTAINED_A_DAY)
    return MAINTAINED_AT_MOST - len(times)


def _is_registered(session: Session, hall: Hall, uscc: str) -> bool:
    ours = accounts.of_organization(session, PROVINCE, uscc)
    return ours is not None or hall.systems.org_portal.standing(uscc).registered


def _record(session: Session, did: str, booking: CounterBooking, now: datetime, **who: str) -> None:
    audit.record(session, did, Subject(SubjectKind.BOOKING, booking.number), now=now, **who)
