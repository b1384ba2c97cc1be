from datetime import date, datetime, timezone

import pytest

from hrss import workdays


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 2), True),  # a Monday
        (date(2026, 11, 1), False),  # a Sunday
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 2, 14), True),  # a Saturday worked for the Spring Festival
    ],
)
def test_a_working_day_is_what_the_calendar_of_the_state_council_says(day: date, working: bool) -> None:
    assert working == workdays.is_working_day(day)


def test_a_year_without_a_calendar_has_its_weekdays_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert not workdays.is_working_day(date(2199, 1, 5))  # a Saturday
    assert workdays.is_working_day(date(2199, 1, 4))
    assert "2199" in caplog.text


@pytest.mark.parametrize(
    ("since", "days", "due"),
    [
        (datetime(2026, 11, 2, 1, tzinfo=timezone.utc), 2, date(2026, 11, 4)),
        (datetime(2026, 11, 6, 1, tzinfo=timezone.utc), 2, date(2026, 11, 10)),
        (datetime(2026, 11, 2, 16, tzinfo=timezone.utc), 1, date(2026, 11, 4)),  # the 3rd in China already
    ],
)
def test_working_days_begin_the_day_after_in_china(since: datetime, days: int, due: date) -> None:
    assert due == workdays.due(since, days)
