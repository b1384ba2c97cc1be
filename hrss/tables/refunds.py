"""
失业保险稳岗返还: what the agency assessed, what people read, chose and submitted, and the papers of it.

The database itself refuses a confirmation after the public notice (公示), and to change figures, texts, readings'
beginnings, confirmations and slips: see the migration 0005.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Exact, Moment

UNUSED = text("used_at IS NULL")
OPEN = text("state = 'open'")


class RefundYear(Base):
    """A province's refunds of a year. Once noticed, always noticed."""

    __tablename__ = "refund_years"

    province: Mapped[str] = Column(String(8), primary_key=True)
    year: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    noticed_at: Mapped[datetime | None] = Column(Moment)
    noticed_by: Mapped[str | None] = Column(String(64))


class AssessmentBatch(Base):
    """One file of assessments (批量核定). Organizations see nothing of it before it is approved."""

    __tablename__ = "refund_batches"
    __table_args__ = (
        ForeignKeyConstraint(["province", "year"], ["refund_years.province", "refund_years.year"]),
    )

    number: Mapped[str] = Column(String(16), primary_key=True)
    province: Mapped[str] = Column(String(8), nullable=False)
    year: Mapped[int] = Column(Integer, nullable=False)
    digest: Mapped[str] = Column(String(64), nullable=False)
    assessments: Mapped[int] = Column(Integer, nullable=False)
    imported_by: Mapped[str] = Column(String(64), nullable=False)
    imported_at: Mapped[datetime] = Column(Moment, nullable=False)
    approved_by: Mapped[str | None] = Column(String(64))
    approved_at: Mapped[datetime | None] = Column(Moment)


class Assessment(Base):
    """What the agency determined (核定) for an organization. Stored as given. Sealed: the receiving account."""

    __tablename__ = "refund_assessments"
    __table_args__ = (
        UniqueConstraint("province", "year", "uscc"),
        CheckConstraint("contributions >= '0' AND amount >= '0'", name="ck_refund_assessments_not_negative"),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    batch: Mapped[str] = Column(String(16), ForeignKey("refund_batches.number"), nullable=False, index=True)
    line: Mapped[int] = Column(Integer, nullable=False)
    province: Mapped[str] = Column(String(8), nullable=False)
    year: Mapped[int] = Column(Integer, nullable=False)
    uscc: Mapped[str] = Column(String(18), nullable=False)
    insured_number: Mapped[str] = Column(String(32), nullable=False)  # 单位编号
    org_name: Mapped[str] = Column(String(128), nullable=False)
    contributions: Mapped[Decimal] = Column(Exact, nullable=False)
    layoff_rate: Mapped[Decimal] = Column(Exact, nullable=False)  # percent
    refund_ratio: Mapped[Decimal] = Column(Exact, nullable=False)  # percent
    amount: Mapped[Decimal] = Column(Exact, nullable=False)
    account_name: Mapped[str] = Column(String(128), nullable=False)
    bank: Mapped[str] = Column(String(128), nullable=False)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)


class Regulation(Base):
    """The text (政策说明) that must be read before a confirmation; a changed text is a new version."""

    __tablename__ = "regulations"

    province: Mapped[str] = Column(String(8), primary_key=True)
    year: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = Column(Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = Column(String(128), nullable=False)
    body: Mapped[str] = Column(Text, nullable=False)
    published_at: Mapped[datetime] = Column(Moment, nullable=False)


class RegulationReading(Base):
    """When a text was delivered to someone, by our clock; delivered again, it goes on. A settled confirmation uses it."""

    __tablename__ = "regulation_readings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["province", "year", "version"],
            ["regulations.province", "regulations.year", "regulations.version"],
        ),
        Index(
            "uq_regulation_readings_unused",
            "reader",
            "province",
            "year",
            "version",
            unique=True,
            sqlite_where=UNUSED,
            postgresql_where=UNUSED,
        ),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    reader: Mapped[str] = Column(String(96), nullable=False)
    province: Mapped[str] = Column(String(8), nullable=False)
    year: Mapped[int] = Column(Integer, nullable=False)
    version: Mapped[int] = Column(Integer, nullable=False)
    delivered_at: Mapped[datetime] = Column(Moment, nullable=False)
    used_at: Mapped[datetime | None] = Column(Moment)


class RefundTask(Base):
    """A choice that was saved and waits to be submitted (待办). One an assessment: a new one replaces it."""

    __tablename__ = "refund_tasks"
    __table_args__ = (
        Index(
            "uq_refund_tasks_open",
            "assessment_id",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )

    number: Mapped[str] = Column(String(16), primary_key=True)
    assessment_id: Mapped[str] = Column(
        String(32), ForeignKey("refund_assessments.id"), nullable=False, index=True
    )
    decision: Mapped[str] = Column(String(8), nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    reading_id: Mapped[str] = Column(String(32), ForeignKey("regulation_readings.id"), nullable=False)
    saved_by: Mapped[str] = Column(String(96), nullable=False)
    saved_at: Mapped[datetime] = Column(Moment, nullable=False)


class RefundConfirmation(Base):
    """A choice that was settled, in the hall or at the counter. Rows are only ever added: the last one counts."""

    __tablename__ = "refund_confirmations"

    id: Mapped[int] = Column(Integer, primary_key=True)
    assessment_id: Mapped[str] = Column(
        String(32), ForeignKey("refund_assessments.id"), nullable=False, index=True
    )
    decision: Mapped[str] = Column(String(8), nullable=False)
    # Of the hall: the task that was submitted, and the version of the text that was read.
    task_number: Mapped[str | None] = Column(String(16), ForeignKey("refund_tasks.number"), unique=True)
    regulation_version: Mapped[int | None] = Column(Integer)
    confirmed_by: Mapped[str | None] = Column(String(96))
    conversation_id: Mapped[str | None] = Column(String(64), ForeignKey("conversations.id"))
    # Of the counter: the member of staff.
    staff: Mapped[str | None] = Column(String(64))
    at: Mapped[datetime] = Column(Moment, nullable=False)


class ConfirmationSlip(Base):
    """The 稳岗返还政策确认单 of one confirmation. Sealed: the PDF."""

    __tablename__ = "confirmation_slips"

    number: Mapped[str] = Column(String(16), primary_key=True)
    confirmation_id: Mapped[int] = Column(
        Integer, ForeignKey("refund_confirmations.id"), nullable=False, unique=True
    )
    digest: Mapped[str] = Column(String(64), nullable=False)  # SHA-256 of the PDF
    issued_at: Mapped[datetime] = Column(Moment, nullable=False)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)


class RefundEvidence(Base):
    """A document (单位证明材料) that an organization attached to its confirmation; the photo is kept with it."""

    __tablename__ = "refund_evidence"

    photo_id: Mapped[str] = Column(String(32), ForeignKey("photos.id"), primary_key=True)
    assessment_id: Mapped[str] = Column(
        String(32), ForeignKey("refund_assessments.id"), nullable=False, index=True
    )
    attached_by: Mapped[str] = Column(String(96), nullable=False)
    attached_at: Mapped[datetime] = Column(Moment, nullable=False)
