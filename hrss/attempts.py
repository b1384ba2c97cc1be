"""What may not be tried without end, and how a try came out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hrss.database import lock
from hrss.errors import Refusal, TooManyFromHere
from hrss.tables import Attempt, Conversation


@dataclass(frozen=True)
class Checked:
    """
    How a check came out. Its refusal is returned, not raised: raised, it would roll back the count.
    """

    refusal: Refusal | None = None

    @property
    def right(self) -> bool:
        return self.refusal is None


def left(session: Session, what: str, lookup: str, *, limit: int, window: timedelta, now: datetime) -> int:
    """How many tries are left; until the transaction ends, nobody else tries."""
    lock(session, f"attempts {what} {lookup}")
    made = session.scalar(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.what == what, Attempt.lookup == lookup, Attempt.at > now - window)
    )
    return max(limit - int(made or 0), 0)


@dataclass(frozen=True)
class Allowance:
    """
    How often something may be tried from one conversation, and from one network address, at whomever it is aimed.

    Many people may sit behind one address, so it allows more. A channel that knows none counts by conversation alone.
    """

    what: str
    conversation: int | None  # None: counted elsewhere
    address: int
    within: timedelta = timedelta(hours=1)


def used_up(
    session: Session, allowance: Allowance, conversation_id: str, now: datetime
) -> TooManyFromHere | None:
    """The refusal, when it was tried too often from here; until the transaction ends, nobody else from here tries."""
    for lookup, limit in _heres(session, allowance, conversation_id):
        if not left(session, allowance.what, lookup, limit=limit, window=allowance.within, now=now):
            return TooManyFromHere(minutes=int(allowance.within.total_seconds() // 60))
    return None


def use(session: Session, allowance: Allowance, conversation_id: str, now: datetime) -> None:
    """Count a try from here."""
    for lookup, _ in _heres(session, allowance, conversation_id):
        count(session, allowance.what, lookup, now)


def _heres(session: Session, allowance: Allowance, conversation_id: str) -> list[tuple[str, int]]:
    address = session.scalar(select(Conversation.address_lookup).where(Conversation.id == conversation_id))
    limits = ((conversation_id, allowance.conversation), (address, allowance.address))
    return [(lookup, limit) for lookup, limit in limits if lookup and limit]


def count(session: Session, what: str, lookup: str, now: datetime) -> None:
    session.add(Attempt(what=what, lookup=lookup, at=now))
    session.flush()
