"""Transcripts as staff read them: what was said, why the bot answered so, and what happened meanwhile."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import books, happenings
from hrss.conversations import Author
from hrss.happenings import Happening
from hrss.tables import BookEntry, Feedback, FlowStep, Message, Turn


@dataclass(frozen=True)
class Candidate:
    """An entry that was considered; `question` is what the newest book calls it, None when it is gone."""

    entry: str
    score: float
    question: str | None


@dataclass(frozen=True)
class Explanation:
    """How a message of the person was understood, and how long that took."""

    state: str
    chosen: bool  # an option was chosen instead of typing
    cleaned: str | None
    stage: str | None
    decision: str | None
    intent: str | None
    entry: str | None
    entry_version: int | None
    question: str | None
    candidates: tuple[Candidate, ...]
    thresholds: Mapping[str, float]
    province: str | None
    understanding_ms: float | None
    total_ms: float | None
    step: FlowStep | None


@dataclass(frozen=True)
class Rating:
    helpful: bool
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class Line:
    """One message as the person saw it; `options` are the labels of its buttons."""

    seq: int
    at: datetime
    author: str
    kind: str
    text: str
    options: tuple[str, ...]
    entry: Mapping[str, Any] | None
    rating: Rating | None


@dataclass(frozen=True)
class Exchange:
    """
    A message of the person with what was said and what happened after it.

    What opens a conversation has no explanation.
    """

    explanation: Explanation | None
    lines: tuple[Line, ...]
    happenings: tuple[Happening, ...]


def turns(session: Session, conversation_id: str) -> tuple[Exchange, ...]:
    """
    The whole transcript in the order it was seen, each message of the person with its explanation.

    When someone writes again before the bot has answered, both answers follow the later message, as they did on
    the screen.
    """
    messages = session.scalars(
        select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq)
    )
    ratings = {
        rating.seq: Rating(rating.helpful, rating.reason, rating.at)
        for rating in session.scalars(select(Feedback).where(Feedback.conversation_id == conversation_id))
    }
    explanations = _explanations(session, conversation_id)
    exchanges: list[tuple[Explanation | None, list[Line]]] = []
    for message in messages:
        by_person = message.author == Author.USER.value
        if by_person or not exchanges:
            exchanges.append((explanations.get(message.turn_id) if by_person else None, []))
        exchanges[-1][1].append(_line(message, ratings.get(message.seq)))
    begun = [lines[0].at for _, lines in exchanges]
    happened: list[list[Happening]] = [[] for _ in exchanges]
    for happening in happenings.of_conversation(session, conversation_id) if exchanges else ():
        happened[max(bisect_right(begun, happening.at) - 1, 0)].append(happening)
    return tuple(
        Exchange(explanation, tuple(lines), tuple(meanwhile))
        for (explanation, lines), meanwhile in zip(exchanges, happened, strict=True)
    )


def _explanations(session: Session, conversation_id: str) -> dict[str, Explanation]:
    """Every turn of the conversation, by its id."""
    rows = session.scalars(select(Turn).where(Turn.conversation_id == conversation_id)).all()
    scores = {row.id: [_score(stored) for stored in row.candidates or ()] for row in rows}
    named = {entry for of_turn in scores.values() for entry, _ in of_turn} | {row.entry for row in rows}
    questions = _questions(session, named - {None})
    taken = select(FlowStep).where(FlowStep.conversation_id == conversation_id)
    steps = {step.turn_id: step for step in session.scalars(taken)}
    return {
        row.id: Explanation(
            state=row.state,
            chosen=row.option is not None,
            cleaned=row.cleaned,
            stage=row.stage,
            decision=row.decision,
            intent=row.intent,
            entry=row.entry,
            entry_version=row.entry_version,
            question=questions.get(row.entry),
            candidates=tuple(
                Candidate(entry, score, questions.get(entry)) for entry, score in scores[row.id]
            ),
            thresholds=row.thresholds or {},
            province=row.province,
            understanding_ms=row.understanding_ms,
            total_ms=row.total_ms,
            step=steps.get(row.id),
        )
        for row in rows
    }


def _score(stored: Any) -> tuple[str, float]:
    """An entry and its score, from `{"id": …, "score": …}` or the pair that a reading keeps."""
    entry, score = (stored["id"], stored["score"]) if isinstance(stored, dict) else stored
    return entry, score


def _questions(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """What the newest book calls these entries."""
    rows = session.execute(
        select(BookEntry.id, BookEntry.body).where(
            BookEntry.version == books.current_version(session), BookEntry.id.in_(list(ids))
        )
    )
    return {row.id: row.body["question"] for row in rows if "question" in row.body}


def _line(message: Message, rating: Rating | None) -> Line:
    return Line(
        seq=message.seq,
        at=message.at,
        author=message.author,
        kind=message.kind,
        text=message.text,
        options=tuple(option["label"] for option in message.body.get("options", ())),
        entry=message.body.get("entry"),
        rating=rating,
    )
