"""The book of answers, and the staff who tend it."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Document, Moment

_OPEN = text("state = 'open'")


class BookVersion(Base):
    """One published state of the whole FAQ book; the highest number is the one that answers."""

    __tablename__ = "book_versions"

    number: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    published_at: Mapped[datetime] = Column(Moment, nullable=False)
    note: Mapped[str] = Column(Text, nullable=False)
    digest: Mapped[str] = Column(String(64), nullable=False)
    # None: it came from the files.
    published_by: Mapped[str | None] = Column(String(64))


class BookEntry(Base):
    """One entry of the book in one version. Published entries never change."""

    __tablename__ = "book_entries"

    version: Mapped[int] = Column(
        Integer, ForeignKey("book_versions.number"), primary_key=True, autoincrement=False
    )
    id: Mapped[str] = Column(String(128), primary_key=True)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False)
    on: Mapped[bool] = Column(Boolean, nullable=False)


class BookChange(Base):
    """What someone wants an entry to be. `base` is what it was then, none for a new one; one is open for an entry."""

    __tablename__ = "book_changes"
    __table_args__ = (
        Index(
            "uq_book_changes_entry_id",
            "entry_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    entry_id: Mapped[str] = Column(String(128), nullable=False)
    base: Mapped[dict[str, Any] | None] = Column(Document)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False)
    note: Mapped[str] = Column(Text, nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False)
    approved_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    approved_at: Mapped[datetime | None] = Column(Moment)
    # The version with which it was published.
    version: Mapped[int | None] = Column(Integer, ForeignKey("book_versions.number"))


class Trial(Base):
    """Entries tried against a version of the book before they are published, and what would be answered otherwise."""

    __tablename__ = "trials"

    id: Mapped[str] = Column(String(32), primary_key=True)
    version: Mapped[int] = Column(Integer, nullable=False)
    bodies: Mapped[dict[str, Any]] = Column(Document, nullable=False)
    # Why the entries change, for who saves them after the trial.
    note: Mapped[str] = Column(Text, nullable=False, default="", server_default="")
    # The model that is tried instead of the one that answers.
    model_id: Mapped[str | None] = Column(String(16), ForeignKey("trained_models.id"))
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False, index=True)
    # When the process that runs it last said how far it is.
    seen_at: Mapped[datetime] = Column(Moment, nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    done: Mapped[int] = Column(Integer, nullable=False)
    total: Mapped[int] = Column(Integer, nullable=False)
    outcome: Mapped[dict[str, Any] | None] = Column(Document)


class TrainedModel(Base):
    """A trained understanding. Its file lies on each machine; `report` is what came out when it was measured."""

    __tablename__ = "trained_models"

    id: Mapped[str] = Column(String(16), primary_key=True)
    # The version of the book it learned; none where it came with the installation.
    version: Mapped[int | None] = Column(Integer)
    made_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    made_at: Mapped[datetime] = Column(Moment, nullable=False)
    # When the process that trains or measures it last said how far it is.
    seen_at: Mapped[datetime] = Column(Moment, nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    done: Mapped[int] = Column(Integer, nullable=False, default=0)
    total: Mapped[int] = Column(Integer, nullable=False, default=1)
    report: Mapped[dict[str, Any] | None] = Column(Document)


class ModelActivation(Base):
    """From when on which model answers, and at which thresholds; the newest row counts, and rows are only added."""

    __tablename__ = "model_activations"

    number: Mapped[int] = Column(Integer, primary_key=True)
    model_id: Mapped[str] = Column(String(16), ForeignKey("trained_models.id"), nullable=False)
    # Those that differ from the program's own.
    thresholds: Mapped[dict[str, float]] = Column(Document, nullable=False)
    # None: it came with the installation.
    activated_by: Mapped[str | None] = Column(String(64), ForeignKey("staff.username"))
    activated_at: Mapped[datetime] = Column(Moment, nullable=False)
    note: Mapped[str] = Column(Text, nullable=False)


class SavedQuestion(Base):
    """A question that every trial asks, and how it has to be decided."""

    __tablename__ = "saved_questions"

    id: Mapped[int] = Column(Integer, primary_key=True)
    text: Mapped[str] = Column(Text, nullable=False)
    province: Mapped[str | None] = Column(String(8))
    decision: Mapped[str] = Column(String(32), nullable=False)
    entry: Mapped[str | None] = Column(String(128))
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False)


class EntryDraft(Base):
    """What a section of a manual may become: an entry to be written from it, and the entries that speak of the like."""

    __tablename__ = "entry_drafts"

    id: Mapped[int] = Column(Integer, primary_key=True)
    file: Mapped[str] = Column(String(200), nullable=False, index=True)
    place: Mapped[str] = Column(Text, nullable=False)
    text: Mapped[str] = Column(Text, nullable=False)
    body: Mapped[dict[str, Any]] = Column(Document, nullable=False)
    nearest: Mapped[list[Any]] = Column(Document, nullable=False)
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False)


class UnknownMark(Base):
    """A question without an answer that staff have put aside, by what understanding hears of it."""

    __tablename__ = "unknown_marks"

    heard: Mapped[str] = Column(String(120), primary_key=True)
    text: Mapped[str] = Column(Text, nullable=False)
    put: Mapped[str] = Column(String(16), nullable=False)
    made_by: Mapped[str] = Column(String(64), ForeignKey("staff.username"), nullable=False)
    made_at: Mapped[datetime] = Column(Moment, nullable=False)


class StaffMember(Base):
    """Someone who signs in to the console. Sealed: the secret of the second factor, if there is one."""

    __tablename__ = "staff"

    username: Mapped[str] = Column(String(64), primary_key=True)
    name: Mapped[str] = Column(String(64), nullable=False)
    role: Mapped[str] = Column(String(32), nullable=False)
    password_hash: Mapped[str] = Column(String(255), nullable=False)
    must_change: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    failures: Mapped[int] = Column(Integer, nullable=False, default=0)
    locked_until: Mapped[datetime | None] = Column(Moment)
    created_at: Mapped[datetime] = Column(Moment, nullable=False)
    deactivated_at: Mapped[datetime | None] = Column(Moment)
    # What every cookie of theirs must hold: a new one ends all their sessions.
    session_key: Mapped[str] = Column(String(32), nullable=False, default=lambda: secrets.token_hex(16))
    # The time step of the code that was used last: none is good twice.
    code_used: Mapped[int | None] = Column(Integer)
    # Until when they take conversations over, unless the console says otherwise before.
    on_duty_until: Mapped[datetime | None] = Column(Moment)
    key_id: Mapped[str | None] = Column(String(32), index=True)
    sealed: Mapped[bytes | None] = Column(LargeBinary)
