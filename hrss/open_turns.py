"""
Turns that wait for their answer, and which process answers each.

A process that answers a turn holds it, and counts up its beat while that takes long. Whoever sees a beat stand still may
take the turn over. No clock of one machine is compared with that of another.
"""

from collections.abc import Collection

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from hrss.conversations import TurnState
from hrss.tables import Turn

OPEN = Turn.state == TurnState.RECEIVED.value


def of_channel(session: Session, channel: str) -> list[Turn]:
    """The open turns, the oldest first."""
    return list(
        session.scalars(
            select(Turn).where(OPEN, Turn.channel == channel).order_by(Turn.received_at, Turn.seq)
        )
    )


def keep(session: Session, holder: str, turn_ids: Collection[str]) -> None:
    """Show that these are still being answered."""
    held = update(Turn).where(OPEN, Turn.id.in_(turn_ids), Turn.held_by == holder)
    session.execute(held.values(held_beat=Turn.held_beat + 1).execution_options(synchronize_session=False))


def take_over(session: Session, turn: Turn, holder: str) -> bool:
    """Hold a turn in the place of whoever held it when it was read; False when another was faster, or it was answered."""
    as_read = and_(
        or_(Turn.held_by == turn.held_by, and_(Turn.held_by.is_(None), turn.held_by is None)),
        Turn.held_beat == turn.held_beat,
    )
    taken = update(Turn).where(OPEN, Turn.id == turn.id, as_read)
    taken = taken.values(held_by=holder, held_beat=Turn.held_beat + 1)
    return bool(session.execute(taken.execution_options(synchronize_session=False)).rowcount)


def is_first(session: Session, conversation_id: str, seq: int) -> bool:
    """Whether all that was said before this message of the conversation is answered."""
    earlier = select(Turn.id).where(OPEN, Turn.conversation_id == conversation_id, Turn.seq < seq).limit(1)
    return session.scalar(earlier) is None
