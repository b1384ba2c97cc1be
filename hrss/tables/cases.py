"""What people asked staff to decide, and the photos they showed for it."""

from datetime import date, datetime

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment

OPEN = text("state IN ('submitted', 'under_review', 'returned')")


class Case(Base):
    """
    Something submitted for review. Sealed: what the person claimed.

    `subject_lookup` is whom it concerns; the database allows one open case of a kind for each.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "uq_cases_open_subject_lookup_kind",
            "subject_lookup",
            "kind",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index(None, "state", "submitted_at"),
    )

    number: Mapped[str] = Column(String(16), primary_key=True)
    kind: Mapped[str] = Column(String(32), nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    # How it was decided, which `state` no longer says once the person has been told.
    outcome: Mapped[str | None] = Column(String(16))
    reason: Mapped[str | None] = Column(Text)
    province: Mapped[str | None] = Column(String(8))
    subject_lookup: Mapped[str] = Column(String(64), nullable=False)
    phone_lookup: Mapped[str | None] = Column(String(64))
    person_id: Mapped[str | None] = Column(String(32), ForeignKey("people.id"), index=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    submitted_at: Mapped[datetime] = Column(Moment, nullable=False)
    due_on: Mapped[date | None] = Column(Date)
    taken_by: Mapped[str | None] = Column(String(64))
    decided_by: Mapped[str | None] = Column(String(64))
    decided_at: Mapped[datetime | None] = Column(Moment)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    # Empty once the case's retention is over.
    sealed: Mapped[bytes | None] = Column(LargeBinary)


class Photo(Base):
    """A photo someone showed, encoded anew and sealed; without a case it goes with the conversation."""

    __tablename__ = "photos"

    id: Mapped[str] = Column(String(32), primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    case_number: Mapped[str | None] = Column(String(16), ForeignKey("cases.number"), index=True)
    width: Mapped[int] = Column(Integer, nullable=False)
    height: Mapped[int] = Column(Integer, nullable=False)
    kept_at: Mapped[datetime] = Column(Moment, nullable=False)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)
