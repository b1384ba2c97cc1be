"""
What people asked without getting an answer that helped: not ours, asked back, rated badly, handed over.

Only what was typed counts, as it is kept: with tokens in the place of personal values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import audit, permissions
from hrss.conversations import ERASED
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Feedback, Handover, Message, Turn, UnknownMark
from hrss.vault import TOKEN

MOST = 3000  # turns that are looked at, the newest first
LONGEST = 120  # characters; what is longer tells a story, and is read where it was told


class Why(str, Enum):
    NOT_OURS = "none"
    ASKED_BACK = "which"
    UNHELPFUL = "unhelpful"
    HANDED_OVER = "handed_over"


class Put(str, Enum):
    """What staff made of a question, that it need not be shown again."""

    OUTSIDE = "outside"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Unknown:
    """One question that went wrong, and the entries that were nearest, as the turn kept them."""

    text: str
    province: str | None
    why: Why
    at: datetime
    conversation_id: str
    seq: int
    candidates: tuple[tuple[str, float], ...]


def of(session: Session, since: datetime, until: datetime) -> list[Unknown]:
    """What went wrong in this time, the newest first; a turn that went wrong twice counts once."""
    found: dict[str, Unknown] = {}
    undecided = select(Turn).where(Turn.decision.in_([Why.NOT_OURS.value, Why.ASKED_BACK.value]))
    rated = (
        select(Turn)
        .join(Message, Message.turn_id == Turn.id)
        .join(Feedback, (Feedback.conversation_id == Message.conversation_id) & (Feedback.seq == Message.seq))
        .where(Feedback.helpful.is_(False))
    )
    for why, chosen in ((None, undecided), (Why.UNHELPFUL, rated)):
        inside = chosen.where(Turn.received_at >= since, Turn.received_at < until)
        for turn in session.scalars(inside.order_by(desc(Turn.received_at)).limit(MOST)):
            _note(found, turn, why or Why(turn.decision))
    for handover in session.scalars(
        select(Handover).where(Handover.asked_at >= since, Handover.asked_at < until).limit(MOST)
    ):
        before = select(Turn).where(
            Turn.conversation_id == handover.conversation_id,
            Turn.received_at < handover.asked_at,
            Turn.decision.in_(["answer", "which", "none"]),
        )
        if turn := session.scalar(before.order_by(desc(Turn.seq)).limit(1)):
            _note(found, turn, Why.HANDED_OVER)
    return sorted(found.values(), key=lambda each: each.at, reverse=True)


def _note(found: dict[str, Unknown], turn: Turn, why: Why) -> None:
    said = turn.text.strip()
    if turn.option or not said or said == ERASED or len(said) > LONGEST or turn.id in found:
        return
    candidates = tuple((each["id"], float(each["score"])) for each in turn.candidates or ())
    found[turn.id] = Unknown(
        said, turn.province, why, turn.received_at, turn.conversation_id, turn.seq, candidates
    )


def put(session: Session, questions: Mapping[str, str], what: Put, *, staff: str, now: datetime) -> None:
    """Remember what questions are; `questions` maps what understanding hears of each to its text."""
    permissions.require(session, staff, May.EDIT_BOOK)
    for heard, text in questions.items():
        session.merge(
            UnknownMark(heard=heard[:LONGEST], text=text, put=what.value, made_by=staff, made_at=now)
        )
    first = next(iter(questions.values()), "")
    whose = Subject(SubjectKind.BOOK, what.value)
    audit.record(session, "unknown.put", whose, now=now, staff=staff, changes=len(questions), note=first[:60])
    session.flush()


def marked(session: Session, heard: Iterable[str]) -> set[str]:
    """Those of these that were put somewhere."""
    wanted = [each[:LONGEST] for each in heard]
    rows = select(UnknownMark.heard).where(UnknownMark.heard.in_(wanted))
    return set(session.scalars(rows)) if wanted else set()


def body_with(body: Mapping[str, Any], voice: str, phrases: Iterable[str]) -> dict[str, Any]:
    """An entry that is asked by these phrases, too; what stood for somebody's values is left out of them."""
    known = {said for voices in body.get("phrases", {}).values() for said in voices}
    bare = (TOKEN.sub("", phrase).strip() for phrase in phrases)
    added = [said for said in dict.fromkeys(bare) if said and said not in known]
    spoken = {**body.get("phrases", {})}
    if added:
        spoken[voice] = [*spoken.get(voice, []), *added]
    return {**body, "phrases": spoken}
