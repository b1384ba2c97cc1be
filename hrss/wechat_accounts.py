"""WeChat accounts: whose talk is whose, under a keyed hash; and whom one is bound to (绑定微信)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hrss import audit, authority, conversations, proofs
from hrss.authority import Act
from hrss.database import lock
from hrss.errors import NotOnWechat, WechatNotBound
from hrss.hall import Hall
from hrss.operations import once
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, WechatAccount, WechatDelivery


class Trigger(str, Enum):
    """What a person did, and so how many messages WeChat lets us send them of our own accord, and how long."""

    MESSAGE = "message"
    EVENT = "event"  # a tap on the menu, a scanned code, a new follower


ALLOWANCES = {Trigger.MESSAGE: (5, timedelta(hours=48)), Trigger.EVENT: (3, timedelta(minutes=1))}


@dataclass(frozen=True)
class Arrival:
    """Something an account sent: in which conversation, and whether it had arrived before."""

    account_id: str
    key: str
    conversation_id: str
    repeated: bool
    before: str | None = None  # the conversation of the account before this one


@dataclass(frozen=True)
class Bound:
    replaced: int  # other WeChat accounts that were bound to this person until now


@dataclass(frozen=True)
class Released:
    pass


def account_id(hall: Hall, app: str, open_id: str) -> str:
    return hall.sealer.lookup("wechat account", app, open_id)


def arrive(
    session: Session,
    hall: Hall,
    *,
    app: str,
    open_id: str,
    key: str,
    trigger: Trigger,
    province: str | None,
    idle: timedelta,
    now: datetime,
    anew: bool = False,
    channel: str = "wechat",
) -> Arrival:
    """
    Take in what an account sent, once by its `key`, and find its conversation; `anew` begins another.

    One that is bound has proven to be its person.
    """
    account = _known(session, hall, app, open_id, now)
    delivery = session.get(WechatDelivery, (account.id, key))
    if delivery is not None:
        present = delivery.conversation_id == account.conversation_id
        before = _before(session, hall, account) if present else None
        return Arrival(account.id, key, delivery.conversation_id, repeated=True, before=before)
    conversation = _conversation(
        session, hall, account, anew=anew, channel=channel, province=province, idle=idle, now=now
    )
    allowed, lasting = ALLOWANCES[trigger]
    if trigger is Trigger.MESSAGE:
        account.message_sends, account.message_sends_until = allowed, now + lasting
    else:
        account.event_sends, account.event_sends_until = allowed, now + lasting
    account.seen_at, account.unsubscribed_at = now, None
    if account.person_id is not None:
        _prove(session, account, now)
    session.add(
        WechatDelivery(
            account_id=account.id,
            key=key,
            conversation_id=conversation.id,
            received_at=now,
            given=0,
            kept=False,
            settled=False,
        )
    )
    session.flush()
    before = _before(session, hall, account)
    return Arrival(account.id, key, conversation.id, repeated=False, before=before)


def leave(session: Session, hall: Hall, *, app: str, open_id: str, now: datetime) -> None:
    """The account unsubscribed: its conversation ends, nothing more is sent, and its retention begins."""
    account = _known(session, hall, app, open_id, now)
    account.unsubscribed_at = account.unsubscribed_at or now
    account.message_sends = account.event_sends = 0
    if account.conversation_id is not None:
        conversations.end(session, account.conversation_id, now)
    owed = update(WechatDelivery).where(WechatDelivery.account_id == account.id)
    session.execute(owed.values(kept=False, settled=True).execution_options(synchronize_session=False))


def open_id_of(hall: Hall, account: WechatAccount) -> str:
    """The account's open id, for sending to it and nothing else."""
    return hall.sealer.unseal(account).decode()


def set_large(session: Session, account_id: str, *, large: bool) -> None:
    """Say things in large mode (大字) from now on, in this conversation and those to come."""
    account: WechatAccount = session.get(WechatAccount, account_id)
    account.large = large
    if account.conversation_id is not None:
        conversation: Conversation = session.get(Conversation, account.conversation_id)
        conversation.large = large


def is_large(session: Session, account_id: str) -> bool:
    account: WechatAccount = session.get(WechatAccount, account_id)
    return bool(account.large)


@once
def bind(session: Session, hall: Hall, conversation_id: str, *, key: str, now: datetime) -> Bound:
    """
    Bind the conversation's WeChat account to the person that an SMS code has just proven.

    From now on the account proves its person. A person has one at a time: the newest.
    """
    account = _of_conversation(session, conversation_id)
    proof = authority.require(session, conversation_id, Act.BIND_WECHAT, kind=SubjectKind.PERSON, now=now)
    others = select(WechatAccount).where(
        WechatAccount.person_id == proof.subject.id,
        WechatAccount.id != account.id,
        WechatAccount.app == account.app,
    )
    replaced = session.scalars(others.with_for_update()).all()
    for other in replaced:
        _release(session, other, now)
    account.person_id, account.bound_at = proof.subject.id, now
    audit.record(session, "wechat.bound", proof.subject, now=now, conversation_id=conversation_id)
    session.flush()
    return Bound(len(replaced))


@once
def release(session: Session, hall: Hall, conversation_id: str, *, key: str, now: datetime) -> Released:
    """Undo the binding: the account proves nobody any more, from this moment."""
    account = _of_conversation(session, conversation_id)
    if account.person_id is None:
        raise WechatNotBound()
    _release(session, account, now)
    session.flush()
    return Released()


def is_here(session: Session, conversation_id: str) -> bool:
    """Whether this is the present conversation of a WeChat account."""
    found = select(WechatAccount.id).where(WechatAccount.conversation_id == conversation_id)
    return session.scalar(found) is not None


def is_bound(session: Session, conversation_id: str) -> bool:
    return _of_conversation(session, conversation_id).person_id is not None


def _release(session: Session, account: WechatAccount, now: datetime) -> None:
    subject = Subject(SubjectKind.PERSON, str(account.person_id))
    audit.record(session, "wechat.released", subject, now=now, conversation_id=account.conversation_id)
    account.person_id = account.bound_at = None
    if account.conversation_id is not None:
        proofs.withdraw(session, account.conversation_id, how=How.WECHAT)


def _prove(session: Session, account: WechatAccount, now: datetime) -> None:
    given = proofs.current(session, str(account.conversation_id), now=now)
    if not any(proof.how is How.WECHAT for proof in given):
        subject = Subject(SubjectKind.PERSON, str(account.person_id))
        proofs.give(session, str(account.conversation_id), how=How.WECHAT, subject=subject, now=now)


def _of_conversation(session: Session, conversation_id: str) -> WechatAccount:
    account: WechatAccount | None = session.scalar(
        select(WechatAccount).where(WechatAccount.conversation_id == conversation_id).with_for_update()
    )
    if account is None:
        raise NotOnWechat()
    return account


def _known(session: Session, hall: Hall, app: str, open_id: str, now: datetime) -> WechatAccount:
    """The account's row, made at its first sign, with everybody else waiting until this transaction ends."""
    known_as = account_id(hall, app, open_id)
    lock(session, f"wechat {known_as}")
    account: WechatAccount | None = session.get(WechatAccount, known_as)
    if account is None:
        account = WechatAccount(
            id=known_as,
            app=app,
            conversations=0,
            large=False,
            seen_at=now,
            message_sends=0,
            event_sends=0,
            told_seq=0,
        )
        hall.sealer.seal(account, open_id.encode())
        session.add(account)
        session.flush()
    return account


def _conversation(
    session: Session,
    hall: Hall,
    account: WechatAccount,
    *,
    anew: bool,
    channel: str,
    province: str | None,
    idle: timedelta,
    now: datetime,
) -> Conversation:
    current = session.get(Conversation, account.conversation_id) if account.conversation_id else None
    over = current is None or current.ended_at is not None or current.expires_at <= now
    if current is not None and not over and not anew:
        current.expires_at = max(current.expires_at, now + idle)
        return current
    if current is not None and current.ended_at is None:
        conversations.end(session, current.id, now)
    account.conversations += 1
    conversation = conversations.open(
        session,
        channel=channel,
        province=province,
        large=account.large,
        now=now,
        idle=idle,
        conversation_id=_conversation_id(hall, account, account.conversations),
    )
    account.conversation_id, account.told_seq = conversation.id, 0
    return conversation


def _before(session: Session, hall: Hall, account: WechatAccount) -> str | None:
    """The account's conversation before its present one, while it is kept."""
    known_as = _conversation_id(hall, account, account.conversations - 1)
    return known_as if session.get(Conversation, known_as) else None


def _conversation_id(hall: Hall, account: WechatAccount, number: int) -> str:
    """Nobody can tell from it whose it is, nor that two of them are the same person's."""
    return "wx:" + hall.sealer.lookup("wechat conversation", account.id, str(number))[:40]
