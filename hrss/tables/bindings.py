"""
Who may act for an organization: what is bound and granted now.

What ended is no row: it stands in the audit trail. So the keys below are the rules themselves, under any concurrency.
"""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment

REQUESTED, ACCEPTED = "requested", "accepted"  # states of a binding


def accepted_binding(**options: str) -> tuple[ForeignKeyConstraint, CheckConstraint]:
    """What makes a row hold on to a binding that the person has accepted, and keeps that from ending before it."""
    held = ("account_id", "person_id", "binding_state")
    on = ("bindings.account_id", "bindings.person_id", "bindings.state")
    return (
        ForeignKeyConstraint(held, on, **options),
        CheckConstraint(f"binding_state = '{ACCEPTED}'", name="ck_binding_is_accepted"),
    )


class Binding(Base):
    """A person's account bound to an organization's (子账号), or asked to be: one row a pair (B8)."""

    __tablename__ = "bindings"
    __table_args__ = (
        UniqueConstraint("account_id", "person_id", "state"),
        CheckConstraint("state IN ('requested', 'accepted')", name="ck_bindings_state"),
    )

    account_id: Mapped[str] = Column(String(32), ForeignKey("org_accounts.id"), primary_key=True)
    person_id: Mapped[str] = Column(String(32), ForeignKey("people.id"), primary_key=True, index=True)
    state: Mapped[str] = Column(String(16), nullable=False)
    requested_at: Mapped[datetime] = Column(Moment, nullable=False)
    accepted_at: Mapped[datetime | None] = Column(Moment)
    # 授权码实名 (B7): since then the organization is real-named for this operator.
    verified_at: Mapped[datetime | None] = Column(Moment)


class Grant(Base):
    """A business (业务) that an operator may do for the organization (B4)."""

    __tablename__ = "grants"
    __table_args__ = accepted_binding()

    account_id: Mapped[str] = Column(String(32), primary_key=True)
    person_id: Mapped[str] = Column(String(32), primary_key=True)
    business: Mapped[str] = Column(String(32), primary_key=True)
    binding_state: Mapped[str] = Column(String(16), nullable=False, default=ACCEPTED)
    granted_at: Mapped[datetime] = Column(Moment, nullable=False)


class GrantCode(Base):
    """
    A grant code (单位授权码) issued to an operator, as a keyed hash; it goes with the binding (B6, B7).

    It comes of a case, or from the counter, where a member of staff issued it.
    """

    __tablename__ = "grant_codes"
    __table_args__ = (
        *accepted_binding(ondelete="CASCADE"),
        Index(None, "account_id", "person_id"),
    )

    id: Mapped[str] = Column(String(32), primary_key=True)
    case_number: Mapped[str | None] = Column(String(16), ForeignKey("cases.number"), unique=True)
    staff: Mapped[str | None] = Column(String(64))
    account_id: Mapped[str] = Column(String(32), nullable=False)
    person_id: Mapped[str] = Column(String(32), nullable=False)
    binding_state: Mapped[str] = Column(String(16), nullable=False, default=ACCEPTED)
    code_lookup: Mapped[str] = Column(String(64), nullable=False)
    issued_at: Mapped[datetime] = Column(Moment, nullable=False)
    used_at: Mapped[datetime | None] = Column(Moment)


class ActingFor(Base):
    """The organization that a conversation's person has chosen to act for (B5); it goes with the binding."""

    __tablename__ = "acting_for"
    __table_args__ = accepted_binding(ondelete="CASCADE")

    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), primary_key=True)
    account_id: Mapped[str] = Column(String(32), nullable=False)
    person_id: Mapped[str] = Column(String(32), nullable=False)
    binding_state: Mapped[str] = Column(String(16), nullable=False, default=ACCEPTED)
    chosen_at: Mapped[datetime] = Column(Moment, nullable=False)
