"""
Sudden rises: an answer, an error message, or what nobody can answer, wanted far more often than in the days before.

The halls hear of trouble on their own pages from those who run into it, before anybody reports it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from math import sqrt

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from hrss import books, day_figures
from hrss.conversations import TurnState
from hrss.day_figures import Figures, Span
from hrss.tables import Turn
from hrss.workdays import BEIJING

WINDOW = timedelta(hours=3)
BEFORE = timedelta(days=14)
LEAST = 6  # turns; fewer are no rise, however rare they were
SHOWN = 24  # windows of the course of a rise: three days
DEVIATIONS = 4  # of a rare event (Poisson) above its mean, with one spare for what never happened before


class About(str, Enum):
    ERROR_MESSAGE = "error_message"  # of a hall, pasted
    ENTRY = "entry"  # asked in words
    NONE = "none"  # not answered
    FAILED = "failed"


@dataclass(frozen=True)
class Rise:
    """So many `times` in the last `WINDOW`, where it was `usual` times on the mean of the windows before."""

    about: About
    entry: str | None
    question: str | None
    times: int
    usual: float


def days_before(now: datetime) -> Span:
    """What is usual, is told by the whole days before today."""
    today = now.astimezone(BEIJING).date()
    return Span(today - BEFORE, today - timedelta(days=1))


def rises(session: Session, now: datetime) -> list[Rise]:
    """What rises now, the steepest first."""
    usually = day_figures.total(day_figures.of(session, days_before(now), now))
    version = books.current_version(session)
    windows = BEFORE / WINDOW
    found = []
    for (about, entry), times in _counted(session, now - WINDOW, now).items():
        usual = _before(usually, about, entry) / windows
        if times >= LEAST and times > usual + DEVIATIONS * sqrt(usual + 1):
            body = books.body(session, entry, version) if entry else None
            found.append(Rise(about, entry, body["question"] if body else None, times, usual))
    return sorted(found, key=lambda rise: rise.usual - rise.times)


def course(session: Session, rise: Rise, now: datetime) -> list[tuple[datetime, int]]:
    """How a rise came: how many turns in each of the last windows, which end now; the oldest first."""
    begin = now - SHOWN * WINDOW
    moments = session.scalars(
        select(Turn.received_at).where(Turn.received_at >= begin, Turn.received_at < now, *_is_about(rise))
    )
    counted = Counter((moment - begin) // WINDOW for moment in moments)
    return [(begin + number * WINDOW, counted[number]) for number in range(SHOWN)]


def _is_about(rise: Rise) -> list[ColumnElement[bool]]:
    failed = Turn.state == TurnState.FAILED.value
    if rise.about is About.FAILED:
        return [failed]
    if rise.about is About.NONE:
        return [~failed, Turn.decision == "none"]
    pasted = Turn.stage == About.ERROR_MESSAGE.value
    kind = pasted if rise.about is About.ERROR_MESSAGE else func.coalesce(~pasted, True)
    return [~failed, Turn.decision == "answer", Turn.entry == rise.entry, kind]


def _before(figures: Figures, about: About, entry: str | None) -> int:
    if entry is None:
        return figures.failed if about is About.FAILED else figures.decisions.get("none", 0)
    pasted = figures.pasted.get(entry, 0)
    return pasted if about is About.ERROR_MESSAGE else figures.entries.get(entry, 0) - pasted


def _counted(session: Session, since: datetime, until: datetime) -> Counter[tuple[About, str | None]]:
    rows = session.execute(
        select(Turn.decision, Turn.stage, Turn.entry, Turn.state, func.count())
        .where(Turn.received_at >= since, Turn.received_at < until)
        .group_by(Turn.decision, Turn.stage, Turn.entry, Turn.state)
    )
    counted: Counter[tuple[About, str | None]] = Counter()
    for decision, stage, entry, state, times in rows:
        if state == TurnState.FAILED.value:
            counted[About.FAILED, None] += times
        elif decision == "none":
            counted[About.NONE, None] += times
        elif decision == "answer" and entry:
            counted[About.ERROR_MESSAGE if stage == About.ERROR_MESSAGE.value else About.ENTRY, entry] += (
                times
            )
    return counted
