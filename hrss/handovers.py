"""Conversations that staff take over: asked for, waited for, taken, given back."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from hrss import audit, conversations, permissions, reviews, staff_messages
from hrss.cases import Receipt
from hrss.database import lock
from hrss.errors import CommentEmpty, ConversationUnknown, HandoverGone, HandoverTaken, NobodyOnDuty
from hrss.hall import Hall
from hrss.lines import carry_out
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, Handover, StaffMember, Turn

ON_DUTY = timedelta(minutes=2)  # a console that is open says so again long before
PATIENCE = timedelta(minutes=10)  # that people wait, and that a member of staff may be away
TYPICAL = timedelta(minutes=5)  # of one conversation, until there are some to go by
RECENT = 20
IDLE = timedelta(minutes=30)  # that a conversation stays open after staff spoke
LONGEST_WORDS = 2000


class HandoverState(str, Enum):
    WAITING = "waiting"
    TAKEN = "taken"
    RETURNED = "returned"  # to the bot
    LAPSED = "lapsed"  # nobody came: it became a case


HELD = (HandoverState.WAITING.value, HandoverState.TAKEN.value)
# A row where a human talks in the conversation `conversation_id`, and the bot is silent.
WITH_STAFF = select(Handover.__table__.c.id).where(
    Handover.__table__.c.conversation_id == bindparam("conversation_id"),
    Handover.__table__.c.state == HandoverState.TAKEN.value,
)


@dataclass(frozen=True)
class Wait:
    """How many are before, and about how long it will take."""

    ahead: int
    minutes: int


@dataclass(frozen=True)
class Waiting:
    """A conversation that waits for staff or is theirs; `last` is what the person said last."""

    conversation_id: str
    state: HandoverState
    asked_at: datetime
    taken_by: str | None
    province: str | None
    channel: str
    last: str
    last_seq: int


@dataclass(frozen=True)
class Lapse:
    """What ended without anybody's doing: `receipt` is the case it became; none where it went back to the bot."""

    conversation_id: str
    receipt: Receipt | None


def go_on_duty(session: Session, staff: str, now: datetime) -> None:
    """A member of staff is there, for a while; to be said again and again."""
    permissions.require(session, staff, May.TALK).on_duty_until = now + ON_DUTY


def go_off_duty(session: Session, staff: str) -> None:
    permissions.require(session, staff, May.TALK).on_duty_until = None


def on_duty(session: Session, now: datetime) -> int:
    there = select(func.count()).select_from(StaffMember).where(StaffMember.on_duty_until > now)
    return int(session.scalar(there))


def is_on_duty(session: Session, staff: str, now: datetime) -> bool:
    until = session.get(StaffMember, staff).on_duty_until
    return until is not None and until > now


def can_be_reached(session: Session, hall: Hall, now: datetime) -> bool:
    """Whether somebody is there, in the hours in which people are connected: a console left open at night is nobody."""
    return hall.staff_hours.include(now) and on_duty(session, now) > 0


def ask(session: Session, hall: Hall, conversation_id: str, *, now: datetime) -> Wait:
    """The person asks for a human. Asked again, they keep their place."""
    lock(session, f"handover {conversation_id}")
    if not can_be_reached(session, hall, now):
        raise NobodyOnDuty()
    handover = held(session, conversation_id)
    if handover is None:
        handover = _new(session, conversation_id, now)
        session.flush()
        _record(session, "handover.asked", conversation_id, None, now)
    return _wait(session, handover, now)


def held(session: Session, conversation_id: str) -> Handover | None:
    """What keeps this conversation waiting or with staff, if anything does."""
    return session.scalar(
        select(Handover).where(Handover.conversation_id == conversation_id, Handover.state.in_(HELD))
    )


def is_with_staff(session: Session, conversation_id: str) -> bool:
    """Whether a human talks, and the bot is silent."""
    return carry_out(session, WITH_STAFF, conversation_id=conversation_id).first() is not None


def open_ones(session: Session) -> list[Waiting]:
    """All that wait, the longest first, then all that are taken."""
    rows = session.execute(
        select(Handover, Conversation)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .where(Handover.state.in_(HELD))
        .order_by(Handover.state.desc(), Handover.asked_at)
    ).all()
    return [
        Waiting(
            conversation.id,
            HandoverState(handover.state),
            handover.asked_at,
            handover.taken_by,
            conversation.province,
            conversation.channel,
            _last_said(session, conversation.id),
            conversation.last_seq,
        )
        for handover, conversation in rows
    ]


def take(session: Session, conversation_id: str, *, staff: str, now: datetime) -> Handover:
    """Take a conversation over, whether or not the person asked for it. Only one member of staff has it."""
    permissions.require(session, staff, May.TALK)
    if session.get(Conversation, conversation_id) is None:
        raise ConversationUnknown()
    lock(session, f"handover {conversation_id}")
    handover = _locked(session, conversation_id) or _new(session, conversation_id, now)
    if handover.taken_by not in (None, staff):
        raise HandoverTaken(by=_name(session, handover.taken_by))
    if handover.state != HandoverState.TAKEN.value:
        handover.state, handover.taken_by, handover.taken_at = HandoverState.TAKEN.value, staff, now
        session.flush()
        _record(session, "handover.taken", conversation_id, staff, now)
        conversations.touch(session, conversation_id, now=now, idle=IDLE)
    return handover


def say(session: Session, conversation_id: str, *, staff: str, words: str, now: datetime) -> int:
    """What staff write reaches the person; numbers of people in it are masked as everywhere."""
    permissions.require(session, staff, May.TALK)
    _of(session, conversation_id, staff)
    if not words.strip():
        raise CommentEmpty()
    message = {"text": reviews.masked(words.strip()[:LONGEST_WORDS])}
    [line] = conversations.say(
        session, conversation_id, author=conversations.Author.STAFF, messages=[message], now=now
    )
    conversations.touch(session, conversation_id, now=now, idle=IDLE)
    return line.seq


def give_back(session: Session, conversation_id: str, *, staff: str, now: datetime) -> None:
    """From now on the bot answers again."""
    permissions.require(session, staff, May.TALK)
    handover = _of(session, conversation_id, staff)
    handover.state, handover.ended_at = HandoverState.RETURNED.value, now
    _record(session, "handover.returned", conversation_id, staff, now)


def lapse(session: Session, hall: Hall, *, now: datetime) -> list[Lapse]:
    """
    End what nobody attends to: who waited too long, or until staff go home, gets a case instead, and who is left by their
    member of staff gets the bot back.
    """
    lock(session, "handovers that lapse")
    there = can_be_reached(session, hall, now)
    lapsed = []
    for handover in session.scalars(
        select(Handover).where(Handover.state.in_(HELD)).with_for_update(skip_locked=True)
    ):
        conversation = session.get(Conversation, handover.conversation_id)
        if conversation.ended_at is not None or conversation.expires_at <= now:
            handover.state = HandoverState.RETURNED.value  # the person is gone: there is nobody to tell
        elif handover.state == HandoverState.WAITING.value:
            if there and now < handover.asked_at + PATIENCE:
                continue
            receipt = staff_messages.leave(
                session,
                hall,
                handover.conversation_id,
                province=conversation.province,
                words=_last_said(session, handover.conversation_id),
                key=f"handover {handover.id}",
                now=now,
            )
            handover.state, handover.case_number = HandoverState.LAPSED.value, receipt.number
            lapsed.append(Lapse(handover.conversation_id, receipt))
        else:
            member = session.get(StaffMember, handover.taken_by)
            last_there = max(filter(None, (member.on_duty_until, handover.taken_at)))
            if now < last_there + PATIENCE:
                continue
            handover.state = HandoverState.RETURNED.value
            lapsed.append(Lapse(handover.conversation_id, None))
        handover.ended_at = now
        _record(session, "handover.lapsed", handover.conversation_id, None, now)
    return lapsed


def _wait(session: Session, handover: Handover, now: datetime) -> Wait:
    ahead = session.scalar(
        select(func.count())
        .select_from(Handover)
        .where(Handover.state == HandoverState.WAITING.value, Handover.asked_at < handover.asked_at)
    )
    took = [
        row.ended_at - row.taken_at
        for row in session.execute(
            select(Handover.taken_at, Handover.ended_at)
            .where(Handover.state == HandoverState.RETURNED.value, Handover.taken_at.is_not(None))
            .order_by(Handover.ended_at.desc())
            .limit(RECENT)
        )
    ]
    each = sum(took, timedelta()) / len(took) if took else TYPICAL
    expected = each * (ahead + 1) / max(on_duty(session, now), 1)
    return Wait(int(ahead), max(1, round(expected / timedelta(minutes=1))))


def _new(session: Session, conversation_id: str, now: datetime) -> Handover:
    handover = Handover(
        id=secrets.token_hex(16),
        conversation_id=conversation_id,
        state=HandoverState.WAITING.value,
        asked_at=now,
    )
    session.add(handover)
    return handover


def _locked(session: Session, conversation_id: str) -> Handover | None:
    return session.scalar(
        select(Handover)
        .where(Handover.conversation_id == conversation_id, Handover.state.in_(HELD))
        .with_for_update()
    )


def _of(session: Session, conversation_id: str, staff: str) -> Handover:
    """The conversation as this member of staff has it."""
    handover = _locked(session, conversation_id)
    if handover is None or handover.state != HandoverState.TAKEN.value:
        raise HandoverGone()
    if handover.taken_by != staff:
        raise HandoverTaken(by=_name(session, handover.taken_by))
    return handover


def _name(session: Session, username: str) -> str:
    return str(session.get(StaffMember, username).name)


def _last_said(session: Session, conversation_id: str) -> str:
    last = select(Turn.text).where(Turn.conversation_id == conversation_id).order_by(Turn.seq.desc())
    return session.scalar(last.limit(1)) or ""


def _record(session: Session, did: str, conversation_id: str, staff: str | None, now: datetime) -> None:
    whose = Subject(SubjectKind.CONVERSATION, conversation_id)
    audit.record(session, did, whose, now=now, staff=staff, conversation_id=conversation_id)
    session.flush()
