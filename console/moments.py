"""Days and times as staff read them: those of Beijing, which has had no summer time since 1991."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
YEARS = range(2000, 2100)
DAY = len("2026-11-22")


def beijing(moment: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    return moment.astimezone(BEIJING).strftime(pattern)


def since(text: str) -> datetime:
    """The beginning of a day, or a minute of it, as a form has it; ValueError for anything else."""
    return _plausible(start_of(date.fromisoformat(text)) if len(text) == DAY else _minute(text))


def until(text: str) -> datetime:
    """The end of a day, or of a minute of it."""
    if len(text) == DAY:
        return end_of(_plausible(start_of(date.fromisoformat(text))).date())
    return _plausible(_minute(text)) + timedelta(minutes=1)


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=BEIJING)


def _plausible(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(moment)
    return moment


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def end_of(day: date) -> datetime:
    return start_of(day) + timedelta(days=1)
