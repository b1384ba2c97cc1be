"""The list of conversations for staff: what fits a filter, newest activity first, in pages that do not shift."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import and_, desc, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from hrss.conversations import TurnState
from hrss.found_by_index import having, said_with
from hrss.tables import Case, Conversation, Feedback, FlowStep, Handover, Message, Turn, Verdict

WORDS_AROUND = 30  # characters shown on either side of what a search found
SLOW_MS = 2000
AT_ONCE = 500  # conversations read at a time where all are wanted
MOST_COUNTED = 1_000
# Conversations are drawn by characters of their random ids, of which there are 64: fair, and the same for everyone.
DRAWN_FIRST = tuple("0123456")  # about one in nine
DRAWN_AGAIN = tuple("abcdefghijklm")  # about one in five
RATED = {"helpful": True, "unhelpful": False}
DISSATISFIED = 2  # of `conversations.RATINGS`: 不满意; 1 is worse


class Queue(str, Enum):
    """What is drawn for review."""

    FIRST = "first"  # unreviewed: what went wrong or was rated badly, and a share of the rest
    AGAIN = "again"  # reviewed once, by someone else: a share, to see whether reviewers agree


@dataclass(frozen=True)
class Filters:
    """
    Which conversations are looked for; what is None excludes nothing.

    `province`, `decision`, `stage`, `entry`, `lead`, `fallback` and `slow` speak of one and the same turn; `flow`, `stopped_at`
    and `refused` of one and the same step of a flow. `queue` and `reviewed` "mine" are seen from `reader`.
    `since` and `until` bound the last activity; `asked_since` and `asked_until` bound what else is looked for: the
    turn, where a run of a flow last stood, the rating of an answer or of the whole, the call for staff. So the overview
    counts.
    """

    since: datetime | None = None
    until: datetime | None = None
    asked_since: datetime | None = None
    asked_until: datetime | None = None
    channel: str | None = None
    province: str | None = None
    decision: str | None = None
    stage: str | None = None
    entry: str | None = None
    lead: float | None = None  # the best candidate was ahead of the second by less
    fallback: bool = False
    slow: bool = False  # the answer took longer than `SLOW_MS`
    flow: str | None = None
    stopped_at: str | None = None  # the last question of the flow, or how it ended
    refused: str | None = None
    feedback: str | None = None  # helpful, unhelpful, none
    satisfaction: int | None = None  # how the person found the whole: one of `conversations.RATINGS`
    reviewed: str | None = None  # yes, no, mine
    handover: str | None = None  # what became of a call for staff
    follow_up: str | None = None  # a kind of follow-up that is still open, or "any"
    staff: str | None = None  # who took it over
    case_number: str | None = None
    text: str | None = None
    by_anyone: bool = False  # the text may also have been said by the bot
    queue: Queue | None = None
    reader: str | None = None


class Unit(str, Enum):
    """What a filter is about, besides conversations."""

    TURNS = "turns"
    RUNS = "runs"  # of a flow
    RATINGS = "ratings"
    WHOLES = "wholes"  # ratings of whole conversations
    HANDOVERS = "handovers"


class Tally(NamedTuple):
    """How much a filter finds: so many turns (runs, ratings, calls for staff) in so many conversations, or `more`."""

    unit: Unit
    times: int
    conversations: int
    more: bool


class Place(NamedTuple):
    """A conversation's place in the list, newest activity first; ids decide between equals."""

    last_at: datetime
    id: str


class Found(NamedTuple):
    """The words that a search found, among those around them; an ellipsis stands where more was said."""

    before: str
    words: str
    after: str


@dataclass(frozen=True)
class Summary:
    """A conversation on one line; `question` is the first thing the person said."""

    id: str
    channel: str
    site: str | None
    province: str | None
    started_at: datetime
    last_at: datetime
    ended_at: datetime | None
    question: str
    turns: int
    decisions: Mapping[str, int]
    states: Mapping[str, int]
    helpful: int
    unhelpful: int
    satisfaction: int | None
    found: Found | None
    reviewers: tuple[str, ...]
    follow_ups: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Some conversations, and the place before which the older ones begin, if there are any."""

    conversations: tuple[Summary, ...]
    older: Place | None


def page(session: Session, filters: Filters, before: Place | None, limit: int) -> Page:
    """
    The conversations in which a person said something, newest activity first, from `before` on.

    A search for text asks the index of what people and staff said. With `by_anyone`, and on SQLite, it reads the
    transcripts of the conversations that the other filters leave, until the page is full.
    """
    wanted = select(Conversation).where(*_conditions(session, filters))
    if before is not None:
        wanted = wanted.where(tuple_(Conversation.last_at, Conversation.id) < tuple_(*before))
    newest_first = (desc(Conversation.last_at), desc(Conversation.id))
    rows = session.scalars(wanted.order_by(*newest_first).limit(limit + 1)).all()
    shown = rows[:limit]
    older = Place(shown[-1].last_at, shown[-1].id) if len(rows) > limit else None
    return Page(tuple(_summaries(session, shown, filters)), older)


def every(session: Session, filters: Filters, limit: int) -> Iterator[Summary]:
    """As many conversations as fit, up to `limit`, without holding more than some of them at a time."""
    before, left = None, limit
    while left > 0:
        read = page(session, filters, before, min(AT_ONCE, left))
        yield from read.conversations
        left -= len(read.conversations)
        session.expunge_all()
        before = read.older
        if before is None:
            return


def count(session: Session, filters: Filters, up_to: int) -> int:
    """How many there are; counting ends at `up_to`."""
    some = select(Conversation.id).where(*_conditions(session, filters)).limit(up_to).subquery()
    return int(session.scalar(select(func.count()).select_from(some)))


def tally(session: Session, filters: Filters) -> Tally:
    """Count what is looked for, up to `MOST_COUNTED`."""
    unit = _unit(filters)
    counted: Mapping[Unit, tuple[Any, Any]] = {
        Unit.TURNS: (Turn.conversation_id, _of_a_turn),
        Unit.RUNS: (FlowStep.conversation_id, _of_a_step),
        Unit.RATINGS: (Feedback.conversation_id, _of_a_rating),
        Unit.WHOLES: (Conversation.id, _of_a_whole),
        Unit.HANDOVERS: (Handover.conversation_id, _of_a_handover),
    }
    whose, conditions = counted[unit]
    fitting = select(Conversation.id).where(*_conditions(session, filters))
    some = (
        select(whose.label("id"))
        .where(*conditions(filters), whose.in_(fitting))
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    times, conversations = session.execute(
        select(func.count(), func.count(func.distinct(some.c.id))).select_from(some)
    ).one()
    return Tally(unit, min(times, MOST_COUNTED), conversations, more=times > MOST_COUNTED)


def summary(session: Session, conversation_id: str) -> Summary | None:
    """The conversation on one line, None when there is none."""
    conversation = session.get(Conversation, conversation_id)
    return next(_summaries(session, [conversation], Filters())) if conversation else None


def of_place(channel: str | None, province: str | None) -> Iterator[Any]:
    """What a conversation through this channel, with a turn about this province, fulfils."""
    if channel is not None:
        yield Conversation.channel == channel
    if province is not None:
        # Not the page's: where it does not say one (WeChat), the person may.
        yield _has(Turn, Turn.province == province)


def _unit(filters: Filters) -> Unit:
    if filters.flow is not None or filters.stopped_at is not None or filters.refused is not None:
        return Unit.RUNS
    if filters.feedback in RATED:
        return Unit.RATINGS
    if filters.satisfaction is not None:
        return Unit.WHOLES
    return Unit.HANDOVERS if filters.handover is not None else Unit.TURNS


def _conditions(session: Session, filters: Filters) -> Iterator[Any]:
    def has(table: Any, *conditions: Any) -> Any:
        everywhere = filters.asked_until is None
        return having(session, Conversation.id, table, conditions, everywhere=everywhere)

    yield _has(Turn, *_of_a_turn(filters))
    if filters.since is not None:
        yield Conversation.last_at >= filters.since
    if filters.until is not None:
        yield Conversation.last_at < filters.until
    yield from of_place(filters.channel, None)
    if of_a_step := list(_of_a_step(filters)):
        yield has(FlowStep, *of_a_step)
    if filters.feedback in RATED:
        yield has(Feedback, *_of_a_rating(filters))
    elif filters.feedback is not None:
        yield ~_has(Feedback, *_of_a_rating(filters))
    if filters.satisfaction is not None:
        yield from _of_a_whole(filters)
    if filters.handover is not None:
        yield has(Handover, *_of_a_handover(filters))
    if filters.reviewed == "no":
        yield ~_has(Verdict)
    elif filters.reviewed is not None:
        yield has(Verdict, *([Verdict.staff == filters.reader] if filters.reviewed == "mine" else []))
    if filters.follow_up is not None:
        kind = [] if filters.follow_up == "any" else [Verdict.follow_up == filters.follow_up]
        yield has(Verdict, Verdict.follow_up.is_not(None), Verdict.followed_up_at.is_(None), *kind)
    if filters.staff is not None:
        yield has(Handover, Handover.taken_by == filters.staff)
    if filters.case_number is not None:
        yield has(Case, Case.number == filters.case_number)
    if filters.text is not None:
        yield _has(Message, *_of_a_message(filters))
    if filters.queue is not None:
        yield from _drawn(filters.queue, filters.reader)


def _of_a_turn(filters: Filters) -> Iterator[Any]:
    for column, value in (
        (Turn.decision, filters.decision),
        (Turn.stage, filters.stage),
        (Turn.entry, filters.entry),
        (Turn.province, filters.province),
    ):
        if value is not None:
            yield column == value
    if filters.lead is not None:
        yield Turn.lead < filters.lead
    if filters.fallback:
        yield _went_wrong()
    if filters.slow:
        yield Turn.total_ms > SLOW_MS
    if _unit(filters) is Unit.TURNS:
        yield from _asked(Turn.received_at, filters)


def _of_a_rating(filters: Filters) -> Iterator[Any]:
    if filters.feedback in RATED:
        yield Feedback.helpful.is_(RATED[filters.feedback])
    yield from _asked(Feedback.at, filters)


def _of_a_whole(filters: Filters) -> Iterator[Any]:
    yield Conversation.rating == filters.satisfaction
    if _unit(filters) is Unit.WHOLES:
        yield from _asked(Conversation.rated_at, filters)


def _of_a_handover(filters: Filters) -> Iterator[Any]:
    yield Handover.state == filters.handover
    yield from _asked(Handover.asked_at, filters)


def _asked(moment: Any, filters: Filters) -> Iterator[Any]:
    if filters.asked_since is not None:
        yield moment >= filters.asked_since
    if filters.asked_until is not None:
        yield moment < filters.asked_until


def _of_a_step(filters: Filters) -> Iterator[Any]:
    if filters.flow is not None:
        yield FlowStep.flow == filters.flow
    if filters.refused is not None:
        yield FlowStep.refused == filters.refused
    if filters.stopped_at is not None:
        asked = and_(FlowStep.ended.is_(None), FlowStep.asked == filters.stopped_at)
        yield or_(FlowStep.ended == filters.stopped_at, asked)
    if _unit(filters) is Unit.RUNS and (filters.stopped_at or filters.asked_since or filters.asked_until):
        yield FlowStep.is_last
        yield from _asked(FlowStep.at, filters)


def _drawn(queue: Queue, reader: str | None) -> Iterator[Any]:
    if queue is Queue.FIRST:
        yield ~_has(Verdict)
        yield or_(
            _has(Turn, _went_wrong()),
            _has(Feedback, Feedback.helpful.is_(False)),
            Conversation.rating <= DISSATISFIED,
            func.substr(Conversation.id, 1, 1).in_(DRAWN_FIRST),
        )
    else:
        once = select(Verdict.conversation_id).group_by(Verdict.conversation_id).having(func.count() == 1)
        yield Conversation.id.in_(once)
        yield ~_has(Verdict, Verdict.staff == reader)
        yield func.substr(Conversation.id, 2, 1).in_(DRAWN_AGAIN)


def _went_wrong() -> Any:
    return or_(Turn.decision == "none", Turn.state == TurnState.FAILED.value)


def _has(table: Any, *conditions: Any) -> Any:
    return exists().where(table.conversation_id == Conversation.id, *conditions)


def _of_a_message(filters: Filters) -> Iterator[Any]:
    words = filters.text or ""
    if filters.by_anyone:
        yield func.lower(Message.text).contains(words.lower(), autoescape=True)
    else:
        yield from said_with(words)


def _among(column: Any, values: Iterable[str]) -> Any:
    return column.in_(values)


def _summaries(session: Session, rows: Sequence[Conversation], filters: Filters) -> Iterator[Summary]:
    ids = [row.id for row in rows]
    said: defaultdict[str, list[Any]] = defaultdict(list)
    for turn in session.execute(
        select(Turn.conversation_id, Turn.text, Turn.decision, Turn.state)
        .where(_among(Turn.conversation_id, ids))
        .order_by(Turn.seq)
    ):
        said[turn.conversation_id].append(turn)
    ratings = Counter(
        tuple(row)
        for row in session.execute(
            select(Feedback.conversation_id, Feedback.helpful).where(_among(Feedback.conversation_id, ids))
        )
    )
    verdicts: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in session.scalars(
        select(Verdict).where(_among(Verdict.conversation_id, ids)).order_by(Verdict.at)
    ):
        verdicts[verdict.conversation_id].append(verdict)
    found = _found(session, ids, filters) if filters.text else {}
    for row in rows:
        yield Summary(
            id=row.id,
            channel=row.channel,
            site=row.site,
            province=row.province,
            started_at=row.started_at,
            last_at=row.last_at,
            ended_at=row.ended_at,
            question=said[row.id][0].text if said[row.id] else "",
            turns=len(said[row.id]),
            decisions=Counter(turn.decision for turn in said[row.id] if turn.decision),
            states=Counter(turn.state for turn in said[row.id]),
            helpful=ratings[row.id, True],
            unhelpful=ratings[row.id, False],
            satisfaction=row.rating,
            found=found.get(row.id),
            reviewers=tuple(verdict.staff for verdict in verdicts[row.id]),
            follow_ups=tuple(
                verdict.follow_up
                for verdict in verdicts[row.id]
                if verdict.follow_up and verdict.followed_up_at is None
            ),
        )


def _found(session: Session, ids: Iterable[str], filters: Filters) -> dict[str, Found]:
    """Where the words stand first in each of the conversations."""
    found: dict[str, Found] = {}
    words = filters.text or ""
    for conversation_id, text in session.execute(
        select(Message.conversation_id, Message.text)
        .where(_among(Message.conversation_id, ids), *_of_a_message(filters))
        .order_by(Message.seq)
    ):
        place = re.search(re.escape(words), text, re.IGNORECASE)
        if place and conversation_id not in found:
            start, end = place.span()
            before, after = text[max(start - WORDS_AROUND, 0) : start], text[end : end + WORDS_AROUND]
            found[conversation_id] = Found(
                before if start <= WORDS_AROUND else f"…{before}",
                place.group(),
                after if len(text) <= end + WORDS_AROUND else f"{after}…",
            )
    return found
