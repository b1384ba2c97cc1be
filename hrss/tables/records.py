"""What was done, once and for good: operations, the audit trail, the outbox; and what the demo systems know."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Document, Moment


class Operation(Base):
    """A write that was done under a key, and what came of it: the same key changes nothing again."""

    __tablename__ = "operations"

    key: Mapped[str] = Column(String(255), primary_key=True)
    kind: Mapped[str] = Column(String(64), primary_key=True)
    result: Mapped[dict[str, Any]] = Column(Document, nullable=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class AuditEntry(Base):
    """Who did what to whom. The database refuses to change or delete a row."""

    __tablename__ = "audit_trail"
    __table_args__ = (
        Index(None, "subject_kind", "subject_id"),
        Index(None, "at"),
        Index(None, "did", "id"),
        Index(None, "staff", "id"),
    )

    id: Mapped[int] = Column(Integer, primary_key=True)
    at: Mapped[datetime] = Column(Moment, nullable=False)
    # A member of staff; none where it was the person of the conversation, or the program itself.
    staff: Mapped[str | None] = Column(String(64))
    conversation_id: Mapped[str | None] = Column(String(64), index=True)
    channel: Mapped[str | None] = Column(String(32))
    did: Mapped[str] = Column(String(64), nullable=False)
    subject_kind: Mapped[str] = Column(String(16), nullable=False)
    subject_id: Mapped[str] = Column(String(64), nullable=False)
    facts: Mapped[dict[str, Any]] = Column(Document, nullable=False)


class OutboxSms(Base):
    """A message to send, written with what it tells of. Sealed: phone and blanks, until it is sent."""

    __tablename__ = "sms_outbox"
    __table_args__ = (Index(None, "state", "queued_at"),)

    id: Mapped[str] = Column(String(32), primary_key=True)
    template: Mapped[str] = Column(String(32), nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    queued_at: Mapped[datetime] = Column(Moment, nullable=False)
    expires_at: Mapped[datetime | None] = Column(Moment)
    tries: Mapped[int] = Column(Integer, nullable=False, default=0)
    claimed_at: Mapped[datetime | None] = Column(Moment)
    sent_at: Mapped[datetime | None] = Column(Moment)
    receipt: Mapped[str | None] = Column(String(128))
    error: Mapped[str | None] = Column(Text)
    case_number: Mapped[str | None] = Column(String(16), ForeignKey("cases.number"), index=True)
    conversation_id: Mapped[str | None] = Column(String(64), ForeignKey("conversations.id"), index=True)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes | None] = Column(LargeBinary)


class DemoRecord(Base):
    """What a demo system answers about a subject (a code, or the keyed hash of personal values)."""

    __tablename__ = "demo_records"

    system: Mapped[str] = Column(String(32), primary_key=True)
    subject: Mapped[str] = Column(String(64), primary_key=True)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False)


class DemoInboxSms(Base):
    """A message as a demo phone received it."""

    __tablename__ = "demo_inbox"

    id: Mapped[str] = Column(String(32), primary_key=True)
    at: Mapped[datetime] = Column(Moment, nullable=False, index=True)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)
