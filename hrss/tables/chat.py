"""Conversations: what was said, understood, rated, allowed, and the personal values typed in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.orm import Mapped

from hrss.tables.base import ONLY_POSTGRESQL, Base, Document, Moment

_KEPT = text("emptied_at IS NULL")
_UNTOLD = text("told_seq < last_seq")
LAST = {"sqlite_where": text("is_last = 1"), "postgresql_where": text("is_last")}


class Conversation(Base):
    """One person's talk through one channel. Its row is the lock that keeps sequence numbers gap-free."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index(None, "last_at", "id"),
        Index("ix_conversations_kept", "last_at", postgresql_where=_KEPT, sqlite_where=_KEPT),
        Index("ix_conversations_untold", "last_at", postgresql_where=_UNTOLD, sqlite_where=_UNTOLD),
    )

    id: Mapped[str] = Column(String(64), primary_key=True)
    channel: Mapped[str] = Column(String(32), nullable=False)
    site: Mapped[str | None] = Column(String(255))
    province: Mapped[str | None] = Column(String(8))
    token_hash: Mapped[str | None] = Column(String(128), unique=True)
    large: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    started_at: Mapped[datetime] = Column(Moment, nullable=False)
    last_at: Mapped[datetime] = Column(Moment, nullable=False)
    expires_at: Mapped[datetime] = Column(Moment, nullable=False)
    ended_at: Mapped[datetime | None] = Column(Moment)
    last_seq: Mapped[int] = Column(Integer, nullable=False, default=0)
    # Options of messages up to this one no longer count.
    reset_seq: Mapped[int] = Column(Integer, nullable=False, default=0)
    # How the person found the whole talk (好差评): 5 is 非常满意, 1 非常不满意.
    rating: Mapped[int | None] = Column(Integer)
    rated_at: Mapped[datetime | None] = Column(Moment, index=True)
    # The keyed hash of the network address it was opened from, where the channel knows one.
    address_lookup: Mapped[str | None] = Column(String(64))
    # When what was said in it was taken away, past its time.
    emptied_at: Mapped[datetime | None] = Column(Moment)
    # How many of its messages were published (`hrss/feed/`), in which edition: it grows when words are taken away.
    told_seq: Mapped[int] = Column(Integer, nullable=False, default=0, server_default="0")
    edition: Mapped[int] = Column(Integer, nullable=False, default=0, server_default="0")


class Turn(Base):
    """What a person said once, how it was understood and whether it was answered; no personal values."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_msg_id"),
        Index(None, "state", "received_at"),
        Index(None, "received_at"),
        # What staff look for in a log of years.
        Index(None, "entry", "received_at", info=ONLY_POSTGRESQL),
        Index(None, "decision", "received_at", info=ONLY_POSTGRESQL),
        Index(None, "stage", "received_at", info=ONLY_POSTGRESQL),
        Index("ix_turns_slow", "received_at", postgresql_where=text("total_ms > 2000"), info=ONLY_POSTGRESQL),
    )

    id: Mapped[str] = Column(String(64), primary_key=True)
    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    client_msg_id: Mapped[str] = Column(String(64), nullable=False)
    seq: Mapped[int] = Column(Integer, nullable=False)
    text: Mapped[str] = Column(Text, nullable=False)
    option: Mapped[dict[str, Any] | None] = Column(Document)
    cleaned: Mapped[str | None] = Column(Text)
    stage: Mapped[str | None] = Column(String(32))
    decision: Mapped[str | None] = Column(String(32))
    confidence: Mapped[float | None] = Column(Float)
    intent: Mapped[str | None] = Column(String(128))
    entry: Mapped[str | None] = Column(String(128))
    entry_version: Mapped[int | None] = Column(Integer)
    candidates: Mapped[list[dict[str, Any]] | None] = Column(Document)
    # By how much the best of the candidates was ahead of the second.
    lead: Mapped[float | None] = Column(Float)
    thresholds: Mapped[dict[str, float] | None] = Column(Document)
    province: Mapped[str | None] = Column(String(8))
    channel: Mapped[str] = Column(String(32), nullable=False)
    received_at: Mapped[datetime] = Column(Moment, nullable=False)
    answered_at: Mapped[datetime | None] = Column(Moment)
    understanding_ms: Mapped[float | None] = Column(Float)
    total_ms: Mapped[float | None] = Column(Float)
    state: Mapped[str] = Column(String(16), nullable=False)
    # The request that brought it, as the logs name it.
    request_id: Mapped[str | None] = Column(String(64))
    # The process that answers it, and its sign of life: `hrss/open_turns.py`.
    held_by: Mapped[str | None] = Column(String(32))
    held_beat: Mapped[int] = Column(Integer, nullable=False, default=0, server_default="0")


class FlowStep(Base):
    """Where a turn left the run of a flow: what it asks next, or how it ended; what it knows, as tokens."""

    __tablename__ = "flow_steps"
    __table_args__ = (
        Index(None, "flow", "at"),
        Index("ix_flow_steps_stand", "flow", "ended", "asked", "at", **LAST),
        Index("ix_flow_steps_last", "at", **LAST),
    )

    turn_id: Mapped[str] = Column(String(64), ForeignKey("turns.id"), primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    run_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    flow: Mapped[str] = Column(String(64), nullable=False)
    # The question that waits for an answer; none where the run has ended.
    asked: Mapped[str | None] = Column(String(64))
    ended: Mapped[str | None] = Column(String(16))
    refused: Mapped[str | None] = Column(String(64), index=True)
    known: Mapped[dict[str, str]] = Column(Document, nullable=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)
    # Of its run, so far.
    is_last: Mapped[bool] = Column(Boolean, nullable=False, default=True, server_default=true())


class Message(Base):
    """One line of the transcript, as it was seen or typed, with tokens in the place of personal values."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "client_msg_id"),)

    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)
    author: Mapped[str] = Column(String(8), nullable=False)
    kind: Mapped[str] = Column(String(16), nullable=False)
    text: Mapped[str] = Column(Text, nullable=False)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False, default=dict)
    client_msg_id: Mapped[str | None] = Column(String(64))
    turn_id: Mapped[str | None] = Column(String(64), ForeignKey("turns.id"), index=True)


class Notice(Base):
    """
    What happened to someone by another's doing, to be said in a conversation that has proven to be them.

    `what` is what the audit trail calls the change; taken once, to be said or to be passed over.
    """

    __tablename__ = "notices"
    __table_args__ = (Index(None, "taken_at", "id"),)

    id: Mapped[int] = Column(Integer, primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    subject_kind: Mapped[str] = Column(String(16), nullable=False)
    subject_id: Mapped[str] = Column(String(64), nullable=False)
    what: Mapped[str] = Column(String(64), nullable=False)
    facts: Mapped[dict[str, str]] = Column(Document, nullable=False)
    posted_at: Mapped[datetime] = Column(Moment, nullable=False)
    taken_at: Mapped[datetime | None] = Column(Moment)


class Feedback(Base):
    """Whether an answer helped: one word a message, the last one counts."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(["conversation_id", "seq"], ["messages.conversation_id", "messages.seq"]),
        Index(None, "helpful", "at", info=ONLY_POSTGRESQL),
    )

    conversation_id: Mapped[str] = Column(String(64), primary_key=True)
    seq: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    helpful: Mapped[bool] = Column(Boolean, nullable=False)
    reason: Mapped[str | None] = Column(Text)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class Consent(Base):
    """What a person allowed or withdrew, and which wording they saw; rows are only ever added."""

    __tablename__ = "consents"

    id: Mapped[int] = Column(Integer, primary_key=True)
    conversation_id: Mapped[str] = Column(
        String(64), ForeignKey("conversations.id"), nullable=False, index=True
    )
    kind: Mapped[str] = Column(String(32), nullable=False)
    granted: Mapped[bool] = Column(Boolean, nullable=False)
    text_version: Mapped[str] = Column(String(32), nullable=False)
    at: Mapped[datetime] = Column(Moment, nullable=False)


class VaultValue(Base):
    """A personal value a person typed, encrypted; `kind` and `number` make its token."""

    __tablename__ = "vault_values"
    __table_args__ = (UniqueConstraint("conversation_id", "lookup"),)

    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), primary_key=True)
    kind: Mapped[str] = Column(String(32), primary_key=True)
    number: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    lookup: Mapped[str] = Column(String(64), nullable=False)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)
