"""What staff make of conversations: verdicts, comments, tests, saved filters; and taking one over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Document, Moment

HELD = text("state IN ('waiting', 'taken')")


class Verdict(Base):
    """What one reviewer made of a conversation. Everyone has a row of their own: nobody overwrites another's."""

    __tablename__ = "verdicts"
    __table_args__ = (Index(None, "follow_up", "followed_up_at"),)

    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), primary_key=True)
    staff: Mapped[str] = Column(String(64), ForeignKey("staff.username"), primary_key=True)
    quality: Mapped[int] = Column(Integer, nullable=False)
    follow_up: Mapped[str | None] = Column(String(32))
    followed_up_by: Mapped[str | None] = Column(String(64))
    followed_up_at: Mapped[datetime | None] = Column(Moment)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class Comment(Base):
    """What a member of staff noted about a conversation, or about one line of it; personal values masked."""

    __tablename__ = "comments"

    id: Mapped[int] = Column(Integer, primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    seq: Mapped[int | None] = Column(Integer)
    staff: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    text: Mapped[str] = Column(Text, nullable=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class SavedFilter(Base):
    """A filter of the list that someone comes back to, as the query of its address."""

    __tablename__ = "saved_filters"

    staff: Mapped[str] = Column(String(64), ForeignKey("staff.username"), primary_key=True)
    name: Mapped[str] = Column(String(64), primary_key=True)
    query: Mapped[str] = Column(Text, nullable=False)


class Regression(Base):
    """A conversation that must go on being understood as it was, or as it should have been."""

    __tablename__ = "regressions"

    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), primary_key=True)
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False)


class VocabularyRow(Base):
    """What staff choose from, once they have changed it: a list of keys, labels, and whether they are offered."""

    __tablename__ = "vocabularies"

    name: Mapped[str] = Column(String(32), primary_key=True)
    items: Mapped[list[dict[str, Any]]] = Column(Document, nullable=False)
    changed_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    changed_at: Mapped[datetime] = Column(Moment, nullable=False)


class Handover(Base):
    """A conversation that waits for a member of staff, or is theirs; the database allows one at a time for each."""

    __tablename__ = "handovers"
    __table_args__ = (
        Index(
            "uq_handovers_held_conversation_id",
            "conversation_id",
            unique=True,
            sqlite_where=HELD,
            postgresql_where=HELD,
        ),
        Index(None, "state", "asked_at"),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    state: Mapped[str] = Column(String(16), nullable=False)
    asked_at: Mapped[datetime] = Column(Moment, nullable=False)
    taken_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    taken_at: Mapped[datetime | None] = Column(Moment)
    ended_at: Mapped[datetime | None] = Column(Moment)
    case_number: Mapped[str | None] = Column(String(16), ForeignKey("cases.number"))
