"""What of the transcripts has been told to others, and what waits for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hrss.feed.line import ToldLine
from hrss.tables import Conversation, Message

Place = tuple[int, int]  # edition and number: how far a conversation is told

_WAITS = Conversation.told_seq < Conversation.last_seq  # in the words of its index


def waiting(session: Session, limit: int) -> list[ToldLine]:
    """What is to be told next: whole beginnings of what waits in each conversation, in order."""
    longest = select(Conversation.id).where(_WAITS).order_by(Conversation.last_at).limit(limit)
    rows = session.execute(
        select(Message, Conversation.edition, Conversation.channel, Conversation.province)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.id.in_(longest), Message.seq > Conversation.told_seq)
        .order_by(Message.conversation_id, Message.seq)
        .limit(limit)
    )
    return [
        line_of(message, edition=edition, channel=channel, province=province)
        for message, edition, channel, province in rows
    ]


def line_of(message: Message, *, edition: int, channel: str, province: str | None) -> ToldLine:
    return ToldLine(
        conversation=message.conversation_id,
        seq=message.seq,
        edition=edition,
        channel=channel,
        province=province,
        at=message.at,
        author=message.author,
        kind=message.kind,
        text=message.text,
        options=tuple(option["label"] for option in message.body.get("options", ())),
        entry=(message.body.get("entry") or {}).get("id"),
        turn=message.turn_id,
    )


def move(session: Session, places: Mapping[str, Place]) -> Collection[str]:
    """
    Write down how far each conversation is told; return those that were passed over.

    Into these something is just being said: to wait for one would hold up everybody who talks in another.
    """
    free = select(Conversation).where(Conversation.id.in_(list(places))).with_for_update(skip_locked=True)
    passed_over = set(places)
    for conversation in session.scalars(free):
        edition, seq = places[conversation.id]
        if conversation.edition == edition:  # else it is to be told anew
            conversation.told_seq = max(conversation.told_seq, seq)
        passed_over.discard(conversation.id)
    return passed_over


def again(session: Session, *, since: datetime | None) -> int:
    """Have conversations told once more from their beginning; return how many."""
    telling = update(Conversation).values(told_seq=0, edition=Conversation.edition + 1)
    if since is not None:
        telling = telling.where(Conversation.last_at >= since)
    return int(session.execute(telling.execution_options(synchronize_session=False)).rowcount)


def behind(session: Session) -> int:
    """How many messages wait."""
    return int(
        session.scalar(select(func.sum(Conversation.last_seq - Conversation.told_seq)).where(_WAITS)) or 0
    )


def waits_since(session: Session) -> datetime | None:
    """When the message was said that waits longest."""
    oldest = (
        select(Message.at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(_WAITS, Message.seq == Conversation.told_seq + 1)
        .order_by(Conversation.last_at)
        .limit(1)
    )
    found: datetime | None = session.scalar(oldest)
    return found
