"""The switch: a channel or a flow is closed for a while, by someone, for a reason that people hear."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from hrss import audit, permissions, words
from hrss.database import lock
from hrss.errors import AlreadyClosed, FlowClosed, NotClosable, NotClosed, ReasonNeeded
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Closure

LONGEST_REASON = 200


class Closable(str, Enum):
    CHANNEL = "channel"
    FLOW = "flow"


# Why the channel `channel` is closed; no row while it is open.
REASON_OF_CHANNEL = select(Closure.__table__.c.reason).where(
    Closure.__table__.c.kind == Closable.CHANNEL.value,
    Closure.__table__.c.name == bindparam("channel"),
    Closure.__table__.c.reopened_at.is_(None),
)


@dataclass(frozen=True)
class Closed:
    kind: Closable
    name: str
    reason: str
    at: datetime
    by: str


def close(session: Session, kind: Closable, name: str, *, reason: str, staff: str, now: datetime) -> Closed:
    """Close it until someone opens it again. `reason` is said to people: plain, and in Chinese."""
    reason = reason.strip().rstrip("。.")[:LONGEST_REASON]
    if not reason:
        raise ReasonNeeded()
    permissions.require(session, staff, May.CLOSE)
    if name not in words.read("closable")[kind.value]:
        raise NotClosable(name=name)
    lock(session, f"closure {kind.value} {name}")
    if _standing(session, kind, name) is not None:
        raise AlreadyClosed(name=name)
    row = Closure(
        id=secrets.token_hex(16),
        kind=kind.value,
        name=name,
        reason=reason,
        closed_at=now,
        closed_by=staff,
    )
    session.add(row)
    _record(session, "closed", kind, name, staff, now, reason=reason)
    return _closed(row)


def reopen(session: Session, kind: Closable, name: str, *, staff: str, now: datetime) -> None:
    permissions.require(session, staff, May.CLOSE)
    lock(session, f"closure {kind.value} {name}")
    row = _standing(session, kind, name)
    if row is None:
        raise NotClosed(name=name)
    row.reopened_at, row.reopened_by = now, staff
    _record(session, "reopened", kind, name, staff, now)


def standing(session: Session) -> list[Closed]:
    """What is closed now."""
    rows = session.scalars(select(Closure).where(Closure.reopened_at.is_(None)).order_by(Closure.closed_at))
    return [_closed(row) for row in rows]


def of_channel(session: Session, channel: str) -> Closed | None:
    row = _standing(session, Closable.CHANNEL, channel)
    return _closed(row) if row else None


def refuse_closed_flow(session: Session, stem: str) -> None:
    row = _standing(session, Closable.FLOW, stem)
    if row is not None:
        raise FlowClosed(reason=row.reason)


def _standing(session: Session, kind: Closable, name: str) -> Closure | None:
    row: Closure | None = session.scalar(
        select(Closure).where(Closure.kind == kind.value, Closure.name == name, Closure.reopened_at.is_(None))
    )
    return row


def _record(
    session: Session, did: str, kind: Closable, name: str, staff: str, now: datetime, **facts: str
) -> None:
    subject = Subject(SubjectKind(kind.value), name)
    audit.record(session, f"{kind.value}.{did}", subject, now=now, staff=staff, **facts)
    session.flush()


def _closed(row: Closure) -> Closed:
    return Closed(Closable(row.kind), row.name, row.reason, row.closed_at, row.closed_by)
