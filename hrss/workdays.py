"""Working days in China: public holidays are none, the weekend days worked in exchange (调休) are."""

import logging
from datetime import date, datetime, timedelta, timezone

import chinese_calendar

log = logging.getLogger(__name__)

BEIJING = timezone(timedelta(hours=8))


def today() -> date:
    """The day in China, wherever this process thinks it is."""
    return datetime.now(BEIJING).date()


def in_words(moment: datetime) -> str:
    """A moment as people in China read it: 11月30日 09:00."""
    local = moment.astimezone(BEIJING)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def is_working_day(day: date) -> bool:
    """By the State Council's calendar; for a year it has not published yet, Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        log.warning(
            "no calendar of holidays for %d: taking Monday to Friday; update chinesecalendar", day.year
        )
        return day.isoweekday() <= 5


def due(since: datetime, working_days: int) -> date:
    """The last of so many working days after the day, in China, of this moment."""
    day = since.astimezone(BEIJING).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return day


def left(until: date, now: datetime) -> int:
    """Working days from today, in China, to this day; negative when it has passed."""
    today = now.astimezone(BEIJING).date()
    first, last, sign = (today, until, 1) if today <= until else (until, today, -1)
    days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
    return sign * sum(map(is_working_day, days))
