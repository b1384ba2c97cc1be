"""
Emergency notices (紧急通知): written by one member of staff, approved by another, said to whom they concern until they end.

What stands is said once in every conversation of its channel and province, and again before each answer it names.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from hrss import audit, books, permissions, radar, words
from hrss.errors import (
    BulletinAboutUnknown,
    BulletinHoldsNumber,
    BulletinTextMissing,
    BulletinTextTooLong,
    BulletinTimesWrong,
    BulletinUnknown,
    NotYourOwn,
)
from hrss.permissions import May
from hrss.personal_data import find
from hrss.radar import About
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Bulletin, Conversation, Message

KIND = "bulletin"  # of the message in a transcript; its body names the bulletin
LONGEST_TEXT = 300
LONGEST = timedelta(days=30)  # what holds for longer belongs into the book
PAST_SHOWN = 20
# Asked before every answer, so it is written once.
_OPEN = (
    select(Bulletin)
    .where(Bulletin.ended_at.is_(None), Bulletin.valid_until > bindparam("now"))
    .order_by(Bulletin.id)
)


class BulletinState(str, Enum):
    WAITING = "waiting"  # for a second person
    COMING = "coming"
    STANDING = "standing"
    OVER = "over"
    ENDED = "ended"  # by someone, before its time


@dataclass(frozen=True)
class Wanted:
    """What a bulletin is to be; no channel and no province mean all, `about` names entries and flows."""

    text: str
    valid_from: datetime
    valid_until: datetime
    channel: str | None = None
    province: str | None = None
    about: tuple[str, ...] = ()


def write(
    session: Session,
    wanted: Wanted,
    *,
    staff: str,
    now: datetime,
    alarm: tuple[About, str | None] | None = None,
) -> Bulletin:
    """
    Write a bulletin that waits for its approval.

    `alarm` is the sudden rise that gave reason for it; its figures are kept with it as they are now.
    """
    permissions.require(session, staff, May.ANNOUNCE)
    _check(session, wanted, now)
    risen = next((rise for rise in radar.rises(session, now) if (rise.about, rise.entry) == alarm), None)
    bulletin = Bulletin(
        **asdict(wanted) | {"text": wanted.text.strip(), "about": list(wanted.about)},
        alarm=asdict(risen) | {"about": risen.about.value} if risen else None,
        written_by=staff,
        written_at=now,
    )
    session.add(bulletin)
    session.flush()
    _record(session, "bulletin.written", bulletin, staff, now, **({"times": risen.times} if risen else {}))
    return bulletin


def approve(session: Session, bulletin_id: int, *, staff: str, now: datetime) -> None:
    """Answer for what someone else has written: it is said from its time on."""
    permissions.require(session, staff, May.ANNOUNCE)
    bulletin = _open(session, bulletin_id, now)
    if bulletin.approved_at is not None:
        raise BulletinUnknown()
    if bulletin.written_by == staff:
        raise NotYourOwn()
    bulletin.approved_by, bulletin.approved_at = staff, now
    _record(session, "bulletin.approved", bulletin, staff, now)


def end(session: Session, bulletin_id: int, *, staff: str, now: datetime) -> None:
    """Take it down, or discard one that waits: at once, and by one person alone."""
    permissions.require(session, staff, May.ANNOUNCE)
    bulletin = _open(session, bulletin_id, now)
    bulletin.ended_by, bulletin.ended_at = staff, now
    _record(session, "bulletin.ended", bulletin, staff, now)


def state_of(bulletin: Bulletin, now: datetime) -> BulletinState:
    if bulletin.ended_at is not None:
        return BulletinState.ENDED
    if bulletin.valid_until <= now:
        return BulletinState.OVER
    if bulletin.approved_at is None:
        return BulletinState.WAITING
    return BulletinState.COMING if now < bulletin.valid_from else BulletinState.STANDING


def open_ones(session: Session, now: datetime) -> Sequence[Bulletin]:
    """All that wait, are to come, or stand."""
    return session.scalars(_OPEN, {"now": now}).all()


def past(session: Session, now: datetime) -> Sequence[Bulletin]:
    """The last ones that ended, the newest first."""
    ended = select(Bulletin).where(or_(Bulletin.ended_at.is_not(None), Bulletin.valid_until <= now))
    return session.scalars(ended.order_by(Bulletin.id.desc()).limit(PAST_SHOWN)).all()


def standing(session: Session, now: datetime) -> Sequence[Bulletin]:
    """What is to be said now, somewhere."""
    return [each for each in open_ones(session, now) if state_of(each, now) is BulletinState.STANDING]


def to_say(
    session: Session, conversation_id: str, *, now: datetime, about: Collection[str] = ()
) -> list[Bulletin]:
    """
    What a conversation has to hear before its next answer: what it has not heard, and what speaks of the answer.

    `about` is the entry of the answer, or the flow it begins.
    """
    found = standing(session, now)
    if not found:
        return []
    # Locked, for another process may be saying the same.
    conversation = session.get(Conversation, conversation_id, with_for_update=True, populate_existing=True)
    said = select(Message.body).where(Message.conversation_id == conversation_id, Message.kind == KIND)
    heard = {body.get(KIND) for body in session.scalars(said)}
    return [
        each
        for each in found
        if each.channel in (None, conversation.channel)
        and (each.province is None or conversation.province in (None, each.province))
        and (each.id not in heard or not set(about).isdisjoint(each.about))
    ]


def _check(session: Session, wanted: Wanted, now: datetime) -> None:
    text = wanted.text.strip()
    if not text:
        raise BulletinTextMissing()
    if len(text) > LONGEST_TEXT:
        raise BulletinTextTooLong(limit=LONGEST_TEXT)
    if next(iter(find(text)), None):
        raise BulletinHoldsNumber()
    begins = max(wanted.valid_from, now)
    if not begins < wanted.valid_until <= begins + LONGEST:
        raise BulletinTimesWrong(days=LONGEST.days)
    for kind, name in (("channel", wanted.channel), *(("flow", each) for each in wanted.about)):
        if name is None or name in words.read("closable")[kind]:
            continue
        if kind == "channel" or books.body(session, name) is None:
            raise BulletinAboutUnknown(name=name[:64])


def _open(session: Session, bulletin_id: int, now: datetime) -> Bulletin:
    bulletin: Bulletin | None = session.get(
        Bulletin, bulletin_id, with_for_update=True, populate_existing=True
    )
    if bulletin is None or bulletin.ended_at is not None or bulletin.valid_until <= now:
        raise BulletinUnknown()
    return bulletin


def _record(session: Session, did: str, bulletin: Bulletin, staff: str, now: datetime, **facts: Any) -> None:
    subject = Subject(SubjectKind.BULLETIN, str(bulletin.id))
    audit.record(session, did, subject, now=now, staff=staff, **facts)
    session.flush()
