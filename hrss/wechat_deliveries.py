"""
How the answer to what a WeChat account sent gets back: in the reply to its delivery, or sent of our own accord.

Exactly one way is claimed, on all processes together. What may not be sent waits for the next reply.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from hrss import wechat_accounts
from hrss.conversations import NEWS, Author
from hrss.hall import Hall
from hrss.tables import Message, WechatAccount, WechatDelivery

AT_MOST = 2  # messages an answer is given in at once
RECOVERED_FOR = timedelta(hours=48)

Part = dict[str, Any]


class Way(str, Enum):
    PASSIVE = "passive"  # 被动回复
    PUSH = "push"  # 客服消息


@dataclass(frozen=True)
class Due:
    """A message to send now, and to whom."""

    open_id: str
    part: Part
    number: int  # of the answer's messages, from 0


@dataclass(frozen=True)
class Unfinished:
    account_id: str
    key: str
    conversation_id: str


def parts(session: Session, account_id: str, key: str) -> list[Part] | None:
    """The answer, if there is one by now."""
    found = session.scalar(
        select(WechatDelivery.parts).where(WechatDelivery.account_id == account_id, WechatDelivery.key == key)
    )
    return list(found) if found else None


def answer(
    session: Session,
    account_id: str,
    key: str,
    compose: Callable[[Sequence[Part]], list[Part]],
) -> None:
    """
    Set the answer, unless there is one already.

    `compose` makes it of what earlier answers still owe; that then counts as said.
    """
    delivery = _locked(session, account_id, key)
    if delivery.parts is not None:
        return
    owing = _kept(session, account_id)
    delivery.parts = compose([part for each in owing for part in (each.parts or [])[each.given :]])
    for each in owing:
        each.given, each.kept = len(each.parts or []), False
    session.flush()


def owes(session: Session, account_id: str) -> bool:
    """Whether something waits for the next reply."""
    return bool(_kept(session, account_id))


def claim(session: Session, account_id: str, key: str, way: Way) -> Way:
    """Say how the answer goes, if nobody has said so before; return how it does."""
    delivery = _locked(session, account_id, key)
    if delivery.way is None:
        delivery.way = way.value
        if way is Way.PASSIVE:
            delivery.given = 1
            delivery.settled = len(delivery.parts or []) <= 1
        session.flush()
    return Way(delivery.way)


def give_up_claim(session: Session, account_id: str, key: str) -> None:
    """The reply to a delivery could not be handed over: the answer may go another way."""
    delivery = _locked(session, account_id, key)
    if delivery.way == Way.PASSIVE.value and delivery.given == 1:
        delivery.way, delivery.given, delivery.settled = None, 0, False
        session.flush()


def next_due(session: Session, hall: Hall, account_id: str, key: str, *, now: datetime) -> Due | None:
    """
    The next message of an answer that has to be sent, counted as sent and against what WeChat allows.

    None when all is out, when the rest has to wait, or when nobody is there to get it.
    """
    account = _account(session, account_id)
    delivery = _locked(session, account_id, key)
    owed = (delivery.parts or [])[delivery.given :]
    if not owed or account.unsubscribed_at is not None:
        delivery.settled = True
        return None
    if delivery.given >= AT_MOST or not _take_allowance(account, now):
        delivery.kept = delivery.settled = True
        return None
    due = Due(wechat_accounts.open_id_of(hall, account), owed[0], delivery.given)
    delivery.given += 1
    session.flush()
    return due


def put_back(session: Session, account_id: str, key: str, *, used_up: bool) -> None:
    """A message did not go out: it waits for the next reply, as will others when WeChat allows no more."""
    account = _account(session, account_id)
    delivery = _locked(session, account_id, key)
    delivery.given -= 1
    delivery.kept = delivery.settled = True
    if used_up:
        account.message_sends = account.event_sends = 0
    session.flush()


def drop(session: Session, account_id: str, key: str) -> None:
    """Nobody can get the rest."""
    delivery = _locked(session, account_id, key)
    delivery.kept, delivery.settled = False, True


def from_outside(session: Session, *, app: str, now: datetime) -> list[tuple[str, str]]:
    """
    Take up what staff have written to people in WeChat since last time, and what they are to know without asking:
    once on all processes together.

    Each is a delivery to be sent; return their accounts and keys.
    """
    taken = []
    for conversation_id, seq, text, account_id in session.execute(_said_from_outside(app, now)).all():
        account = _account(session, account_id)
        if account.conversation_id != conversation_id or account.told_seq >= seq:
            continue  # another process was faster
        account.told_seq = seq
        key = f"outside-{hashlib.sha256(conversation_id.encode()).hexdigest()[:32]}-{seq}"
        session.add(
            WechatDelivery(
                account_id=account_id,
                key=key,
                conversation_id=conversation_id,
                received_at=now,
                way=Way.PUSH.value,
                parts=[{"text": text}],
                given=0,
                kept=False,
                settled=False,
            )
        )
        taken.append((account_id, key))
    session.flush()
    return taken


def was_spoken_to(session: Session, *, app: str, now: datetime) -> bool:
    """Whether `from_outside` has anything to take up: to ask before it, for it keeps others from writing."""
    return session.execute(_said_from_outside(app, now).limit(1)).first() is not None


def unfinished(session: Session, *, app: str, before: datetime) -> list[Unfinished]:
    """What an earlier process left without its whole answer, the oldest first."""
    left = select(WechatDelivery).where(
        WechatDelivery.settled.is_(False),
        WechatDelivery.account_id == WechatAccount.id,
        WechatAccount.app == app,
        WechatDelivery.received_at < before,
        WechatDelivery.received_at > before - RECOVERED_FOR,
    )
    return [
        Unfinished(row.account_id, row.key, row.conversation_id)
        for row in session.scalars(left.order_by(WechatDelivery.received_at))
    ]


def _said_from_outside(app: str, now: datetime) -> Select:
    said = select(Message.conversation_id, Message.seq, Message.text, WechatAccount.id).where(
        Message.conversation_id == WechatAccount.conversation_id,
        Message.seq > WechatAccount.told_seq,
        or_(
            Message.author == Author.STAFF.value,
            and_(Message.kind.in_(NEWS), Message.turn_id.is_(None)),
        ),
        WechatAccount.app == app,
        WechatAccount.seen_at > now - RECOVERED_FOR,
    )
    return said.order_by(Message.seq)


def _kept(session: Session, account_id: str) -> Sequence[WechatDelivery]:
    owing = select(WechatDelivery).where(
        WechatDelivery.account_id == account_id, WechatDelivery.kept.is_(True)
    )
    return list(session.scalars(owing.order_by(WechatDelivery.received_at)))


def _locked(session: Session, account_id: str, key: str) -> WechatDelivery:
    found: WechatDelivery = session.get(
        WechatDelivery, (account_id, key), with_for_update=True, populate_existing=True
    )
    return found


def _account(session: Session, account_id: str) -> WechatAccount:
    found: WechatAccount = session.get(
        WechatAccount, account_id, with_for_update=True, populate_existing=True
    )
    return found


def _take_allowance(account: WechatAccount, now: datetime) -> bool:
    """Take one of the messages that WeChat allows: of those that expire first."""
    if account.event_sends > 0 and account.event_sends_until and now < account.event_sends_until:
        account.event_sends -= 1
        return True
    if account.message_sends > 0 and account.message_sends_until and now < account.message_sends_until:
        account.message_sends -= 1
        return True
    return False
