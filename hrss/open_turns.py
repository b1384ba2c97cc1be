"""
Turns that wait for their answer, and which process answers each.

A process that answers a turn holds it, and counts up its beat while that takes long. Whoever sees a beat stand still may
take the turn over. No clock of one machine is compared with that of another.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from hrss import closures, handovers
from hrss.conversations import TurnState
from hrss.lines import TURNS, carry_out
from hrss.tables import Turn

_EARLIER = select(TURNS.c.id).where(
    TURNS.c.state == TurnState.RECEIVED.value,
    TURNS.c.conversation_id == bindparam("conversation_id"),
    TURNS.c.seq < bindparam("seq"),
)
# One statement, for every message of every person waits for it.
_STANDING = select(
    _EARLIER.exists().label("waits"),
    closures.REASON_OF_CHANNEL.scalar_subquery().label("closed"),
    handovers.WITH_STAFF.exists().label("with_staff"),
)
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


@dataclass(frozen=True)
class Standing:
    """How things stand before a turn is answered; `closed` is the reason for which its channel is."""

    first: bool
    closed: str | None
    with_staff: bool


def standing(session: Session, conversation_id: str, seq: int, channel: str) -> Standing:
    """Whether all that was said before this message is answered, the channel is open, and the bot is to speak."""
    row = carry_out(session, _STANDING, conversation_id=conversation_id, seq=seq, channel=channel).one()
    return Standing(not row.waits, row.closed, row.with_staff)
