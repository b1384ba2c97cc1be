"""
What was asked in a day of Beijing, counted. A day that is over is counted once and kept: the overview does not read a log of
years again for every look, and no turn writes anything for it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, cast, distinct, func, select
from sqlalchemy.orm import Session

from hrss import kept_days
from hrss.conversations import TurnState
from hrss.kept_days import midnight
from hrss.tables import Conversation, Feedback, FlowStep, Turn
from hrss.transcript_list import SLOW_MS, of_place
from hrss.workdays import BEIJING

# A turn that was received in the last minute of a day is answered on the next.
SETTLED = timedelta(hours=1)
NEVER = ""  # before
AT_ONCE = 5_000


@dataclass(frozen=True)
class Span:
    """Whole days of Beijing, of one channel and province or all."""

    first: date
    last: date
    channel: str | None = None
    province: str | None = None

    @property
    def since(self) -> datetime:
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        return midnight(self.last + timedelta(days=1))

    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Figures:
    """
    Counts of turns, runs and ratings of one day or, added up, of several.

    `decisions` are turns by what was decided about them; `turns` has those too that nothing was decided about. `entries`
    are answers by their entry, `pasted` those of them that a pasted message of a hall led to. `places` are turns by channel
    and province, `unanswered` those of them that were not answered. `times` are turns by the milliseconds from message to
    answer, rounded up to two digits. `runs` are runs of flows whose last step falls into the day, by flow and, after a
    space, how they ended or, after a `?`, what they asked last. `conversations` are counted by the day on which something
    had been said in them before, so that over several days nobody is counted twice.
    """

    turns: int
    failed: int
    slow: int
    helpful: int
    unhelpful: int
    decisions: Mapping[str, int]
    entries: Mapping[str, int]
    pasted: Mapping[str, int]
    places: Mapping[str, int]
    unanswered: Mapping[str, int]
    times: Mapping[str, int]
    runs: Mapping[str, int]
    conversations: Mapping[str, int]

    def talks(self, first: date | None = None) -> int:
        """How many conversations; with `first`, without those that had begun on that day or later."""
        return sum(
            count
            for before, count in self.conversations.items()
            if first is None or before == NEVER or before < first.isoformat()
        )


@dataclass(frozen=True)
class Day:
    """`to_keep`: it is over, every turn of it is closed, and its figures were not kept yet."""

    day: date
    figures: Figures
    to_keep: bool


def of(session: Session, span: Span, now: datetime) -> list[Day]:
    """Every day of the span: as it was kept, or counted now."""
    kept = kept_days.of(session, span.first, span.last, span.channel, span.province)
    return [
        Day(day, Figures(**kept[day]), to_keep=False) if day in kept else _counted(session, span, day, now)
        for day in span.days()
    ]


def keep(session: Session, span: Span, days: Iterable[Day]) -> None:
    for each in days:
        if each.to_keep:
            kept_days.keep(session, each.day, span.channel, span.province, asdict(each.figures))


def total(days: Iterable[Day]) -> Figures:
    """All of them together; of conversations only what each day has new is to be added, by `talks`."""
    every = [each.figures for each in days]

    def added(name: str) -> Any:
        values = [getattr(figures, name) for figures in every]
        return sum(values) if all(isinstance(value, int) for value in values) else _merged(values)

    return Figures(**{name: added(name) for name in Figures.__dataclass_fields__})


def two_digits(milliseconds: int) -> int:
    """Rounded up: whoever waited so long waited no longer than this."""
    step = 10 ** max(len(str(milliseconds)) - 2, 0)
    return -(-milliseconds // step) * step


def _merged(values: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    merged: Counter[str] = Counter()
    for value in values:
        merged.update(value)
    return merged


def _counted(session: Session, span: Span, day: date, now: datetime) -> Day:
    only = Span(day, day, span.channel, span.province)
    turns = session.execute(
        select(Turn.channel, Turn.province, Turn.decision, Turn.stage, Turn.state, Turn.entry, func.count())
        .where(*_turns(only))
        .group_by(Turn.channel, Turn.province, Turn.decision, Turn.stage, Turn.state, Turn.entry)
    ).all()

    def those(key: Callable[[Any], Any], which: Callable[[Any], Any] = lambda turn: True) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for turn in turns:
            if which(turn) and key(turn) is not None:
                counts[key(turn)] += turn[-1]
        return dict(counts)

    def place(turn: Any) -> str:
        return f"{turn.channel} {turn.province or ''}"

    states = those(lambda turn: turn.state)
    ratings = _ratings(session, only)
    figures = Figures(
        turns=sum(states.values()),
        failed=states.get(TurnState.FAILED.value, 0),
        slow=int(
            session.scalar(
                select(func.count()).select_from(Turn).where(*_turns(only), Turn.total_ms > SLOW_MS)
            )
        ),
        helpful=ratings.get(True, 0),
        unhelpful=ratings.get(False, 0),
        decisions=those(lambda turn: turn.decision),
        entries=those(lambda turn: turn.entry, lambda turn: turn.decision == "answer"),
        pasted=those(
            lambda turn: turn.entry,
            lambda turn: turn.decision == "answer" and turn.stage == "error_message",
        ),
        places=those(place),
        unanswered=those(place, lambda turn: turn.decision == "none"),
        times=_times(session, only),
        runs=_runs(session, only),
        conversations=_conversations(session, only),
    )
    over = only.until + SETTLED <= now and not states.get(TurnState.RECEIVED.value)
    return Day(day, figures, to_keep=over)


def _times(session: Session, day: Span) -> dict[str, int]:
    milliseconds = cast(func.round(Turn.total_ms), Integer)
    rows = session.execute(
        select(milliseconds, func.count())
        .where(*_turns(day), Turn.total_ms.is_not(None))
        .group_by(milliseconds)
    )
    times: Counter[str] = Counter()
    for taken, count in rows:
        times[str(two_digits(taken))] += count
    return dict(times)


def _runs(session: Session, day: Span) -> dict[str, int]:
    rows = session.execute(
        select(FlowStep.flow, FlowStep.ended, FlowStep.asked, func.count())
        .where(FlowStep.is_last, FlowStep.at >= day.since, FlowStep.at < day.until, *_about(day, FlowStep))
        .group_by(FlowStep.flow, FlowStep.ended, FlowStep.asked)
    )
    return {f"{flow} {ended or f'?{asked}'}": count for flow, ended, asked, count in rows}


def _ratings(session: Session, day: Span) -> dict[bool, int]:
    rows = session.execute(
        select(Feedback.helpful, func.count())
        .where(Feedback.at >= day.since, Feedback.at < day.until, *_about(day, Feedback))
        .group_by(Feedback.helpful)
    )
    return {bool(helpful): count for helpful, count in rows}


def _conversations(session: Session, day: Span) -> dict[str, int]:
    """Those that go on from another day are few: each is asked when something was said in it before."""
    every = session.scalars(select(distinct(Turn.conversation_id)).where(*_turns(day))).all()
    going_on: list[str] = []
    # Looked up by their ids: joined, PostgreSQL reads all conversations that there are.
    for first in range(0, len(every), AT_ONCE):
        some = Conversation.id.in_(every[first : first + AT_ONCE])
        going_on += session.scalars(select(Conversation.id).where(some, Conversation.started_at < day.since))
    before = (
        session.scalar(
            select(func.max(Turn.received_at)).where(
                Turn.conversation_id == conversation_id, Turn.received_at < day.since, *_of_scope(day, Turn)
            )
        )
        for conversation_id in going_on
    )
    days = Counter(moment.astimezone(BEIJING).date().isoformat() for moment in before if moment is not None)
    return {NEVER: len(every) - sum(days.values()), **days}


def _turns(day: Span) -> Iterator[Any]:
    yield Turn.received_at >= day.since
    yield Turn.received_at < day.until
    yield from _of_scope(day, Turn)


def _of_scope(span: Span, turn: Any) -> Iterator[Any]:
    if span.channel is not None:
        yield turn.channel == span.channel
    if span.province is not None:
        yield turn.province == span.province


def _about(span: Span, table: Any) -> Iterator[Any]:
    """Rows about conversations of the span's channel and province, as the list understands these."""
    wanted = list(of_place(span.channel, span.province))
    if wanted:
        yield table.conversation_id.in_(select(Conversation.id).where(*wanted))
