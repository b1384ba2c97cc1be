"""WeChat: its accounts, what they sent once and how the answer got back, how far customer service was read."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped

from hrss.tables.base import Base, Document, Moment


class WechatAccount(Base):
    """
    Someone's WeChat, as one of our accounts there knows it; `id` is a keyed hash. Sealed: the open id.

    Two allowances say how many messages WeChat lets us send of our own accord, and until when.
    """

    __tablename__ = "wechat_accounts"

    id: Mapped[str] = Column(String(64), primary_key=True)
    app: Mapped[str] = Column(String(64), nullable=False)
    # The conversation under way, and how many there have been.
    conversation_id: Mapped[str | None] = Column(String(64), ForeignKey("conversations.id"), unique=True)
    conversations: Mapped[int] = Column(Integer, nullable=False, default=0)
    large: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    # Whose it is, as an SMS code has proven (绑定微信).
    person_id: Mapped[str | None] = Column(String(32), ForeignKey("people.id"), index=True)
    bound_at: Mapped[datetime | None] = Column(Moment)
    seen_at: Mapped[datetime] = Column(Moment, nullable=False, index=True)
    unsubscribed_at: Mapped[datetime | None] = Column(Moment, index=True)
    message_sends: Mapped[int] = Column(Integer, nullable=False, default=0)
    message_sends_until: Mapped[datetime | None] = Column(Moment)
    event_sends: Mapped[int] = Column(Integer, nullable=False, default=0)
    event_sends_until: Mapped[datetime | None] = Column(Moment)
    # Messages of staff up to this one of the conversation have been passed on.
    told_seq: Mapped[int] = Column(Integer, nullable=False, default=0)
    key_id: Mapped[str] = Column(String(32), nullable=False, index=True)
    sealed: Mapped[bytes] = Column(LargeBinary, nullable=False)


class WechatDelivery(Base):
    """
    What an account sent, once however often WeChat delivers it, and how its answer gets back.

    `parts` are the messages of the answer, `given` how many of them are out; `kept` when the rest waits for the
    next reply.
    """

    __tablename__ = "wechat_deliveries"
    __table_args__ = (Index(None, "account_id", "kept"), Index(None, "settled", "received_at"))

    account_id: Mapped[str] = Column(String(64), ForeignKey("wechat_accounts.id"), primary_key=True)
    key: Mapped[str] = Column(String(64), primary_key=True)
    conversation_id: Mapped[str] = Column(String(64), ForeignKey("conversations.id"), nullable=False)
    received_at: Mapped[datetime] = Column(Moment, nullable=False)
    way: Mapped[str | None] = Column(String(16))
    parts: Mapped[list[dict[str, Any]] | None] = Column(Document)
    given: Mapped[int] = Column(Integer, nullable=False, default=0)
    kept: Mapped[bool] = Column(Boolean, nullable=False, default=False)
    settled: Mapped[bool] = Column(Boolean, nullable=False, default=False)


class WechatCursor(Base):
    """How far the messages of one customer-service account (微信客服) have been read."""

    __tablename__ = "wechat_cursors"

    open_kfid: Mapped[str] = Column(String(64), primary_key=True)
    cursor: Mapped[str] = Column(String(128), nullable=False)
    read_at: Mapped[datetime] = Column(Moment, nullable=False)
