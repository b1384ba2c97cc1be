"""Figures for the overview, of turns received in a span of time; every one leads to the conversations behind it."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hrss import books
from hrss.day_figures import Figures, Span
from hrss.tables import BookEntry, Conversation, Handover
from hrss.transcript_list import of_place

MOST = 10


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
    """Milliseconds from message to answer, of two digits, within which half of the turns, 90 and 99 of a hundred were answered."""

    half: int
    most: int
    nearly_all: int


@dataclass(frozen=True)
class Place:
    channel: str
    province: str | None
    turns: int
    unanswered: int


def hot_questions(session: Session, figures: Figures) -> list[Asked]:
    most = sorted(figures.entries.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    questions = {
        row.id: row.body.get("question")
        for row in session.scalars(
            select(BookEntry).where(
                BookEntry.version == books.current_version(session),
                BookEntry.id.in_([entry for entry, _ in most]),
            )
        )
    }
    return [Asked(entry, questions.get(entry), times) for entry, times in most]


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


def funnels(figures: Figures) -> list[Funnel]:
    """Every flow: how its runs came out, and at which question those stopped that never ended."""
    flows: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for run, count in figures.runs.items():
        flow, stand = run.split(" ", 1)
        ended, left_at = flows.setdefault(flow, ({}, {}))
        if stand.startswith("?"):
            left_at[stand[1:]] = count
        else:
            ended[stand] = count
    found = [
        Funnel(flow, sum(ended.values()) + sum(left_at.values()), _most_first(ended), _most_first(left_at))
        for flow, (ended, left_at) in flows.items()
    ]
    return sorted(found, key=lambda funnel: (-funnel.begun, funnel.flow))


def speed(figures: Figures) -> Speed | None:
    """The nearest rank: the time of the turn that so many of a hundred are no slower than."""
    times = sorted((int(time), count) for time, count in figures.times.items())
    ranks = list(accumulate(count for _, count in times))

    def within(percent: int) -> int:
        return times[bisect_left(ranks, ranks[-1] * percent / 100)][0]

    return Speed(within(50), within(90), within(99)) if ranks else None


def places(figures: Figures) -> list[Place]:
    """By channel and province, the busiest first."""
    busiest = sorted(figures.places.items(), key=lambda item: (-item[1], item[0]))
    return [
        Place(*_place(name), turns=turns, unanswered=figures.unanswered.get(name, 0))
        for name, turns in busiest
    ]


def handed_over(session: Session, span: Span) -> Mapping[str, int]:
    """How many asked for staff, or were stepped in on, by what became of it."""
    rows = session.execute(
        select(Handover.state, func.count())
        .where(Handover.asked_at >= span.since, Handover.asked_at < span.until, *_of(span, Handover))
        .group_by(Handover.state)
    )
    return dict(map(tuple, rows))


def _place(name: str) -> tuple[str, str | None]:
    channel, province = name.split(" ")
    return channel, province or None


def _most_first(counts: Mapping[str, int]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _of(span: Span, table: Any) -> Iterator[Any]:
    """Rows about conversations of the span's channel and province, as the list understands these."""
    wanted = list(of_place(span.channel, span.province))
    if wanted:
        yield table.conversation_id.in_(select(Conversation.id).where(*wanted))
