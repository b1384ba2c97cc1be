"""Hours in which staff can be reached: on working days in China, wherever the process thinks it is."""

from datetime import datetime, timezone

import pytest

from hrss.opening_hours import HoursMalformed, OpeningHours
from hrss.workdays import BEIJING

HOURS = OpeningHours.parse("09:00-12:00, 14:00-17:30")


def at(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+08:00")


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (at("2026-11-30", "09:00"), True),  # a Monday
        (at("2026-11-30", "08:59"), False),
        (at("2026-11-30", "12:00"), False),
        (at("2026-11-30", "17:29"), True),
        (at("2026-11-28", "10:00"), False),  # a Saturday
        (at("2026-10-01", "10:00"), False),  # National Day
        (at("2026-10-10", "10:00"), True),  # a Saturday worked in exchange
        (datetime(2026, 11, 30, 1, 30, tzinfo=timezone.utc), True),  # half past nine there
    ],
)
def test_it_is_open_in_the_hours_of_working_days(moment: datetime, open_: bool) -> None:
    assert HOURS.include(moment) is open_


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at("2026-11-30", "10:00"), at("2026-11-30", "10:00")),
        (at("2026-11-30", "07:00"), at("2026-11-30", "09:00")),
        (at("2026-11-30", "12:30"), at("2026-11-30", "14:00")),
        (at("2026-11-27", "18:00"), at("2026-11-30", "09:00")),  # over the weekend
        (at("2026-09-30", "20:00"), at("2026-10-08", "09:00")),  # over National Day
    ],
)
def test_it_opens_next_at(moment: datetime, opens: datetime) -> None:
    assert HOURS.next(moment) == opens
    assert HOURS.next(moment).tzinfo == BEIJING


def test_without_hours_it_is_always_open_and_they_read_as_people_write_them() -> None:
    assert OpeningHours.parse("").include(at("2026-10-01", "03:00"))
    assert str(HOURS) == "9:00–12:00、14:00–17:30"


@pytest.mark.parametrize(
    "text", ["9-12", "12:00-09:00", "09:00-12:00,11:00-13:00", "25:00-26:00", "09:00", "always"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(HoursMalformed):
        OpeningHours.parse(text)
