"""Who someone is: codes sent, attempts counted, proofs given to a conversation."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment


class SmsCode(Base):
    """
    A code for a phone. Kept as a keyed hash, also for a phone nobody has on record.

    `subject_*` is what the right code proves; none where the data typed match no one: then no code is right.
    """

    __tablename__ = "sms_codes"
    __table_args__ = (Index(None, "phone_lookup", "sent_at"), Index(None, "conversation_id", "sent_at"))

    id: Mapped[str] = Column(String(32), primary_key=True)
    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    phone_lookup: Mapped[str] = Column(String(64), nullable=False)
    subject_kind: Mapped[str | None] = Column(String(16))
    subject_id: Mapped[str | None] = Column(String(64))
    code_hash: Mapped[str] = Column(String(64), nullable=False)
    tries: Mapped[int] = Column(Integer, nullable=False, default=0)
    sent_at: Mapped[datetime] = Column(Moment, nullable=False)
    used_at: Mapped[datetime | None] = Column(Moment)
    # The last try was wrong: since then the phone is locked.
    locked_at: Mapped[datetime | None] = Column(Moment)


class Attempt(Base):
    """One try at something that may not be tried without end; who tried at whom is a keyed hash."""

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "what", "lookup", "at"),)

    id: Mapped[int] = Column(Integer, primary_key=True)
    what: Mapped[str] = Column(String(32), nullable=False)
    lookup: Mapped[str] = Column(String(64), nullable=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class ProofRecord(Base):
    """A conversation has proven whose it is. Used, it lives on; idle, it ends, and with the conversation."""

    __tablename__ = "proofs"
    __table_args__ = (Index(None, "conversation_id", "given_at"), Index(None, "subject_kind", "subject_id"))

    id: Mapped[str] = Column(String(32), primary_key=True)
    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    how: Mapped[str] = Column(String(32), nullable=False)
    subject_kind: Mapped[str] = Column(String(16), nullable=False)
    subject_id: Mapped[str] = Column(String(64), nullable=False)
    given_at: Mapped[datetime] = Column(Moment, nullable=False)
    used_at: Mapped[datetime] = Column(Moment, nullable=False)
