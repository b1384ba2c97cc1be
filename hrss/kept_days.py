"""What was counted of days that are over, kept; and forgotten where something of such a day changes after all."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hrss.tables import KeptDay
from hrss.workdays import BEIJING

ALL = ""  # channels, provinces


def of(
    session: Session, first: date, last: date, channel: str | None, province: str | None
) -> dict[date, Mapping[str, Any]]:
    scope = KeptDay.channel == (channel or ALL), KeptDay.province == (province or ALL)
    rows = session.execute(
        select(KeptDay.day, KeptDay.figures).where(KeptDay.day >= first, KeptDay.day <= last, *scope)
    )
    return {row.day: row.figures for row in rows}


def keep(
    session: Session, day: date, channel: str | None, province: str | None, figures: Mapping[str, Any]
) -> None:
    """Who counted the same day at the same time kept the same figures."""
    row = KeptDay(day=day, channel=channel or ALL, province=province or ALL, figures=figures)
    with suppress(IntegrityError), session.begin_nested():
        session.add(row)
        session.flush()


def forget(session: Session, moment: datetime, now: datetime) -> None:
    """Something that happened then is no longer so: its day is counted again."""
    day = moment.astimezone(BEIJING).date()
    if day != now.astimezone(BEIJING).date():
        that_day = delete(KeptDay).where(KeptDay.day == day)
        session.execute(that_day.execution_options(synchronize_session=False))


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)
