"""How the assistant is run: what is closed for a while, and when each process last showed itself."""

from datetime import datetime

from sqlalchemy import Column, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment

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


class Heartbeat(Base):
    """When a process that listens nowhere last showed that it lives."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = Column(String(32), primary_key=True)
    at: Mapped[datetime] = Column(Moment, nullable=False)
    # How much waited for it then.
    behind: Mapped[int] = Column(Integer, nullable=False, default=0, server_default="0")
