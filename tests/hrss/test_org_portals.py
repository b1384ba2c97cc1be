"""H1 to H5: the steps of Henan's unit hall, the counter's limits, the phone given at maintenance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hrss import org_portals
from hrss.errors import (
    AlreadyRegistered,
    BookingUnknown,
    MaintainedTooOften,
    MaintainedTwiceToday,
    StaffMayNot,
    TooManyChecks,
)
from hrss.org_portals import Booked, Login, Step
from tests.hrss.people import Talk

MAINTAINED, REGISTERED, THRICE, TWICE_TODAY = (
    "91410200MA0000912A",
    "91410300MA0000920A",
    "91410400MA0000939C",
    "91410500MA0000947C",
)
READY = "91410100MA00000311"


def step(talk: Talk, uscc: str, phone: str) -> Step:
    return Step(talk(org_portals.check, uscc=uscc, phone=phone).step)


def book(talk: Talk, uscc: str, phone: str = "13800138026", **given: Any) -> Booked:
    booked: Booked = talk(
        org_portals.book, uscc=uscc, org_name="开封示例癸有限公司", operator_name="田野", phone=phone, **given
    )
    return booked


def maintain(talk: Talk, number: str, staff: str = "case_officer") -> None:
    with talk.database.transaction() as session:
        org_portals.maintain(session, talk.hall, number, staff=staff, now=talk.now)


def test_h2_every_step_is_told_to_whom_it_concerns(talk: Talk) -> None:
    assert step(talk, MAINTAINED, "13800138022") is Step.REGISTER
    assert step(talk, REGISTERED, "13800138023") is Step.ADMINISTRATOR
    assert step(talk, READY, "13800138016") is Step.READY


def test_h4_another_phone_learns_no_more_than_the_registration_page_tells(talk: Talk) -> None:
    assert step(talk, MAINTAINED, "13800138027") is Step.MAINTAIN
    assert step(talk, REGISTERED, "13800138027") is Step.OTHER_PHONE
    assert step(talk, READY, "13800138027") is Step.OTHER_PHONE


def test_a_list_of_phones_cannot_be_tried(talk: Talk) -> None:
    for _ in range(org_portals.CHECKS):
        step(talk, MAINTAINED, "13800138027")
    with pytest.raises(TooManyChecks):
        step(talk, MAINTAINED, "13800138022")


def test_h3_the_counter_maintains_three_times_in_all_and_two_a_day(talk: Talk) -> None:
    for left in (1, 0):
        booked = book(talk, MAINTAINED)
        assert (booked.left, booked.already_open) == (left, False)
        maintain(talk, booked.number)
    with pytest.raises(MaintainedTooOften):
        book(talk, MAINTAINED)
    with pytest.raises(MaintainedTooOften):
        book(talk, THRICE)
    with pytest.raises(MaintainedTwiceToday):
        book(talk, TWICE_TODAY)
    talk.now += timedelta(days=1)
    assert book(talk, TWICE_TODAY).left == 0


def test_h3_never_after_the_organization_has_registered(talk: Talk) -> None:
    for uscc in (REGISTERED, READY, "91410300MA00000583"):
        with pytest.raises(AlreadyRegistered):
            book(talk, uscc)


def test_one_appointment_at_a_time_and_the_newest_phone_is_meant(
    talk: Talk, new_talk: Callable[[], Talk]
) -> None:
    first = book(talk, MAINTAINED)
    assert book(new_talk(), MAINTAINED).number == first.number
    second = book(talk, MAINTAINED, phone="13800138028")

    with pytest.raises(BookingUnknown):
        maintain(talk, first.number)
    with pytest.raises(StaffMayNot):
        maintain(talk, second.number, staff="trainer")
    maintain(talk, second.number)
    # H4: from now on this phone is the one
    assert step(talk, MAINTAINED, "13800138028") is Step.REGISTER
    assert step(talk, MAINTAINED, "13800138022") is Step.MAINTAIN


def test_h5_a_session_without_a_certificate_does_three_things() -> None:
    for business in ("普通稳岗返还申报", "应急稳岗返还申报", "单位缓交登记申报"):
        assert org_portals.may(Login.CERTIFICATE_FREE, business)
    assert not org_portals.may(Login.CERTIFICATE_FREE, "单位参保登记")
    assert org_portals.may(Login.USB_KEY, "单位参保登记")
