"""Henan's doors: appointments at the counter of the social-insurance hall."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Moment

OPEN = text("state = 'open'")


class CounterBooking(Base):
    """
    An appointment to have a 统一社会信用代码 maintained at the counter; one open an organization.

    Sealed: the operator's name and phone, which must receive the codes later (H4).
    """

    __tablename__ = "counter_bookings"
    __table_args__ = (
        Index("uq_counter_bookings_open", "uscc", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    )

    number: Mapped[str] = Column(String(16), primary_key=True)
    uscc: Mapped[str] = Column(String(18), nullable=False, index=True)
    org_name: Mapped[str] = Column(String(128), nullable=False)
    state: Mapped[str] = Column(String(16), nullable=False)
    phone_lookup: Mapped[str] = Column(String(64), nullable=False)
    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    booked_at: Mapped[datetime] = Column(Moment, nullable=False)
    settled_at: Mapped[datetime | None] = Column(Moment)
    settled_by: Mapped[str | None] = Column(String(64))
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)
