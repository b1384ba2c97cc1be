"""How the assistant is run: what is closed, what everyone is to hear, when each process last showed itself, what a day brought."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Document, Moment

_OPEN = text("reopened_at IS NULL")


class Closure(Base):
    """A channel or a flow that is closed, by whom and why; kept after it was opened again."""

    __tablename__ = "closures"
    __table_args__ = (
        Index(
            "uq_closures_kind_name", "kind", "name", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    kind: Mapped[str] = Column(String(16), nullable=False)
    name: Mapped[str] = Column(String(64), nullable=False)
    reason: Mapped[str] = Column(Text, nullable=False)
    closed_at: Mapped[datetime] = Column(Moment, nullable=False)
    closed_by: Mapped[str] = Column(String(64), nullable=False)
    reopened_at: Mapped[datetime | None] = Column(Moment)
    reopened_by: Mapped[str | None] = Column(String(64))


class Bulletin(Base):
    """
    An emergency notice: who wrote it, who answered for it, whom it concerns and how long.

    `about` names the entries and flows it speaks of; `alarm` is the sudden rise that gave reason for it.
    """

    __tablename__ = "bulletins"

    id: Mapped[int] = Column(Integer, primary_key=True)
    text: Mapped[str] = Column(Text, nullable=False)
    channel: Mapped[str | None] = Column(String(32))
    province: Mapped[str | None] = Column(String(8))
    about: Mapped[list[str]] = Column(Document, nullable=False)
    alarm: Mapped[dict[str, Any] | None] = Column(Document)
    valid_from: Mapped[datetime] = Column(Moment, nullable=False)
    valid_until: Mapped[datetime] = Column(Moment, nullable=False, index=True)
    written_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    written_at: Mapped[datetime] = Column(Moment, nullable=False)
    approved_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    approved_at: Mapped[datetime | None] = Column(Moment)
    ended_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    ended_at: Mapped[datetime | None] = Column(Moment)


class Heartbeat(Base):
    """When a process that listens nowhere last showed that it lives."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = Column(String(32), primary_key=True)
    at: Mapped[datetime] = Column(Moment, nullable=False)
    # How much waited for it then.
    behind: Mapped[int] = Column(Integer, nullable=False, default=0, server_default="0")


class KeptDay(Base):
    """What was counted of a day that is over: of one channel and province, or of all where these are empty."""

    __tablename__ = "kept_days"

    day: Mapped[date] = Column(Date, primary_key=True)
    channel: Mapped[str] = Column(String(32), primary_key=True)
    province: Mapped[str] = Column(String(8), primary_key=True)
    figures: Mapped[Mapping[str, Any]] = Column(Document, nullable=False)
