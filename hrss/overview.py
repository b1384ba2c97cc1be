"""Figures for the overview, of turns received in a span of time; every one leads to the conversations behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from hrss import books
from hrss.tables import BookEntry, Conversation, Feedback, FlowStep, Handover, Turn
from hrss.transcript_list import SLOW_MS, is_the_last, of_place
from hrss.workdays import BEIJING

MOST = 10


@dataclass(frozen=True)
class Span:
    """Whole days of Beijing, of one channel and province or all."""

    first: date
    last: date
    channel: str | None = None
    province: str | None = None

    @property
    def since(self) -> datetime:
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        return _midnight(self.last + timedelta(days=1))

    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Day:
    """`decisions` counts turns by what was decided about them; `turns` counts those too that nothing was decided about."""

    day: date
    conversations: int
    turns: int
    decisions: Mapping[str, int]


@dataclass(frozen=True)
class Asked:
    entry: str
    question: str | None
    times: int


@dataclass(frozen=True)
class Funnel:
    """Runs of a flow whose last step falls into the time: how they ended, and where those stand that have not."""

    flow: str
    begun: int
    ended: Mapping[str, int]
    left_at: Mapping[str, int]


@dataclass(frozen=True)
class Speed:
    """Milliseconds from message to answer; so many within which half of the turns, 90 and 99 of a hundred were answered."""

    turns: int
    half: float
    most: float
    nearly_all: float
    slow: int  # turns over `SLOW_MS`


def by_day(session: Session, span: Span) -> list[Day]:
    """A question for each day, so that an index answers it on every database."""
    return [_day(session, span, day) for day in span.days()]


def conversations(session: Session, span: Span) -> int:
    """How many conversations in which something was said."""
    return int(session.scalar(select(func.count(func.distinct(Turn.conversation_id))).where(*_in(span))))


def hot_questions(session: Session, span: Span) -> list[Asked]:
    rows = session.execute(
        select(Turn.entry, func.count().label("times"))
        .where(*_in(span), Turn.entry.is_not(None), Turn.decision == "answer")
        .group_by(Turn.entry)
        .order_by(desc("times"))
        .limit(MOST)
    ).all()
    questions = {
        row.id: row.body.get("question")
        for row in session.scalars(
            select(BookEntry).where(
                BookEntry.version == books.current_version(session),
                BookEntry.id.in_([row.entry for row in rows]),
            )
        )
    }
    return [Asked(row.entry, questions.get(row.entry), row.times) for row in rows]


def feedback(session: Session, span: Span) -> Mapping[bool, int]:
    rows = session.execute(
        select(Feedback.helpful, func.count())
        .where(Feedback.at >= span.since, Feedback.at < span.until, *_of(span, Feedback))
        .group_by(Feedback.helpful)
    )
    return {bool(helpful): count for helpful, count in rows}


def satisfaction(session: Session, span: Span) -> Mapping[int, int]:
    """How many found the whole conversation how good, as `conversations.RATINGS` has it."""
    rows = session.execute(
        select(Conversation.rating, func.count())
        .where(
            Conversation.rated_at >= span.since,
            Conversation.rated_at < span.until,
            *of_place(span.channel, span.province),
        )
        .group_by(Conversation.rating)
    )
    return dict(map(tuple, rows))


def funnels(session: Session, span: Span) -> list[Funnel]:
    """Every flow: how its runs came out, and at which question those stopped that never ended."""
    rows = session.execute(
        select(FlowStep.flow, FlowStep.ended, FlowStep.asked, func.count())
        .where(FlowStep.at >= span.since, FlowStep.at < span.until, is_the_last(), *_of(span, FlowStep))
        .group_by(FlowStep.flow, FlowStep.ended, FlowStep.asked)
    ).all()
    found = []
    for flow in sorted({row[0] for row in rows}):
        ended: dict[str, int] = {}
        left_at: dict[str, int] = {}
        for _, how, asked, count in (row for row in rows if row[0] == flow):
            place, name = (ended, how) if how else (left_at, asked or "")
            place[name] = place.get(name, 0) + count
        begun = sum(ended.values()) + sum(left_at.values())
        found.append(Funnel(flow, begun, ended, dict(sorted(left_at.items(), key=lambda item: -item[1]))))
    return sorted(found, key=lambda funnel: -funnel.begun)


def speed(session: Session, span: Span) -> Speed:
    timed = [*_in(span), Turn.total_ms.is_not(None)]
    turns = int(session.scalar(select(func.count()).select_from(Turn).where(*timed)))
    slow = session.scalar(select(func.count()).select_from(Turn).where(*timed, Turn.total_ms > SLOW_MS))

    def within(percent: int) -> float:
        """The nearest rank: the time of the turn that so many of a hundred are no slower than."""
        rank = max(-(-turns * percent // 100), 1) - 1
        return session.scalar(
            select(Turn.total_ms).where(*timed).order_by(Turn.total_ms).offset(rank).limit(1)
        )

    half, most, nearly_all = (within(percent) if turns else 0.0 for percent in (50, 90, 99))
    return Speed(turns, half, most, nearly_all, int(slow))


def handed_over(session: Session, span: Span) -> Mapping[str, int]:
    """How many asked for staff, or were stepped in on, by what became of it."""
    rows = session.execute(
        select(Handover.state, func.count())
        .where(Handover.asked_at >= span.since, Handover.asked_at < span.until, *_of(span, Handover))
        .group_by(Handover.state)
    )
    return dict(map(tuple, rows))


def _day(session: Session, span: Span, day: date) -> Day:
    only = Span(day, day, span.channel, span.province)
    counted = session.execute(
        select(Turn.decision, func.count()).where(*_in(only)).group_by(Turn.decision)
    ).all()
    return Day(
        day,
        conversations(session, only),
        sum(count for _, count in counted),
        {decision: count for decision, count in counted if decision},
    )


def _in(span: Span) -> list[Any]:
    return [Turn.received_at >= span.since, Turn.received_at < span.until, *_of(span, Turn)]


def _of(span: Span, table: Any) -> list[Any]:
    """Rows about conversations of the span's channel and province, as the list understands these."""
    wanted = list(of_place(span.channel, span.province))
    return [table.conversation_id.in_(select(Conversation.id).where(*wanted))] if wanted else []


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)
