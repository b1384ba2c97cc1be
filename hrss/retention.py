"""How long what is stored may stay; a job run every day takes away the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, cast, delete, false, func, or_, select, update
from sqlalchemy.orm import Session

from hrss import conversations, photos, tracker_events
from hrss.case_states import OPEN, CaseState
from hrss.database import Database
from hrss.sms import SmsState
from hrss.tables import (
    Attempt,
    Case,
    Conversation,
    DemoInboxSms,
    FlowStep,
    Notice,
    Operation,
    OutboxSms,
    Photo,
    ProofRecord,
    SavedQuestion,
    SmsCode,
    Trial,
    UnknownMark,
    VaultValue,
    WechatAccount,
    WechatDelivery,
)

CASE = timedelta(days=180)  # what a case claimed and showed, after it was decided
EMPTIED_AT_ONCE = 200  # conversations
LOOSE_PHOTO = timedelta(days=1)
TRIAL = timedelta(days=90)  # what a trial of the book asked, and what came out
PUT_ASIDE = timedelta(days=180)  # questions that staff put aside; nobody is shown older ones
SAVED_QUESTION = timedelta(days=730)  # those that trials ask; keeping one again begins its time anew
UNSUBSCRIBED = timedelta(days=30)  # a WeChat account that left, with its open id and its binding
TRACE = timedelta(
    days=30
)  # codes, attempts, proofs, notices, operations, messages, addresses, what flows knew


_OPEN_CASE = Case.state.in_([state.value for state in OPEN])


@dataclass(frozen=True)
class Swept:
    """How many rows went, or lost what was personal in them, by class of data."""

    by_class: dict[str, int]

    @property
    def photos(self) -> int:
        return self.by_class["photos"]

    @property
    def cases(self) -> int:
        return self.by_class["cases"]

    @property
    def total(self) -> int:
        return sum(self.by_class.values())


def sweep(session: Session, *, now: datetime) -> Swept:
    """Delete what is past its time. Numbers, states and the audit trail stay: they hold nothing personal."""
    return Swept({name: _run(session, statement) for name, statement in _past(now)})


def sweep_words(session: Session, tracker: Database, *, now: datetime, kept: timedelta) -> int:
    """
    Take away what was said in conversations whose last word is `kept` ago, here and in Rasa's memory; some at a time.

    Nothing goes where `kept` is nothing. Return how many conversations were emptied.
    """
    past = session.scalars(
        select(Conversation)
        .where(*_words_past(now, kept))
        .order_by(Conversation.last_at)
        .limit(EMPTIED_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    emptied = [each.id for each in past]
    if emptied:
        conversations.empty(session, emptied)
        for each in past:
            each.emptied_at = now
        session.flush()
        tracker_events.forget(
            tracker, emptied
        )  # last: when this fails, nothing is taken away, and it is tried again
    return len(emptied)


def words_past(session: Session, *, now: datetime, kept: timedelta) -> int:
    """How many conversations `sweep_words` would empty."""
    return int(session.scalar(select(func.count()).where(*_words_past(now, kept))) or 0)


def _words_past(now: datetime, kept: timedelta) -> tuple[Any, ...]:
    return (
        Conversation.last_at <= now - kept if kept else false(),
        Conversation.emptied_at.is_(None),
        Conversation.id.not_in(
            select(Case.conversation_id).where(Case.conversation_id.is_not(None), _OPEN_CASE)
        ),
    )


def _past(now: datetime) -> Iterator[tuple[str, Any]]:
    """Each class of data with what takes away the part of it that is past its time; `docs/privacy.md` lists them."""
    over = select(Case.number).where(
        Case.state.in_(
            [
                state.value
                for state in (
                    CaseState.APPROVED,
                    CaseState.REJECTED,
                    CaseState.NOTIFIED,
                    CaseState.WITHDRAWN,
                )
            ]
        ),
        Case.decided_at <= now - CASE,
    )
    ended = select(Conversation.id).where(
        or_(Conversation.ended_at.is_not(None), Conversation.expires_at <= now)
    )
    # a conversation that was left open ends by itself, and with it what was kept for it
    yield "vault_values", delete(VaultValue).where(VaultValue.conversation_id.in_(ended))
    yield (
        "photos",
        delete(Photo).where(
            or_(
                Photo.case_number.in_(over),
                photos.LOOSE & (Photo.kept_at <= now - LOOSE_PHOTO),
                photos.LOOSE & Photo.conversation_id.in_(ended),
            )
        ),
    )
    claimed = update(Case).where(Case.number.in_(over), Case.sealed.is_not(None))
    yield "cases", claimed.values(sealed=None, phone_lookup=None, reason=None)
    withheld = OutboxSms.state == SmsState.WITHHELD.value
    late = (withheld, OutboxSms.sealed.is_not(None), OutboxSms.queued_at <= now - LOOSE_PHOTO)
    yield "sms_withheld", update(OutboxSms).where(*late).values(sealed=None)
    left = select(WechatAccount.id).where(WechatAccount.unsubscribed_at <= now - UNSUBSCRIBED)
    yield "wechat_deliveries_of_who_left", delete(WechatDelivery).where(WechatDelivery.account_id.in_(left))
    yield "wechat_accounts", delete(WechatAccount).where(WechatAccount.unsubscribed_at <= now - UNSUBSCRIBED)
    known = func.length(cast(FlowStep.known, Text)) > len("{}")
    yield "flow_steps", update(FlowStep).where(FlowStep.at <= now - TRACE, known).values(known={})
    for table, at in (
        (SmsCode, SmsCode.sent_at),
        (Attempt, Attempt.at),
        (ProofRecord, ProofRecord.used_at),
        (Notice, Notice.posted_at),
        (Operation, Operation.at),
        (OutboxSms, OutboxSms.queued_at),
        (DemoInboxSms, DemoInboxSms.at),
        (WechatDelivery, WechatDelivery.received_at),
    ):
        yield table.__tablename__, delete(table).where(at <= now - TRACE)
    for kept, made_at, period in (
        (Trial, Trial.made_at, TRIAL),
        (UnknownMark, UnknownMark.made_at, PUT_ASIDE),
        (SavedQuestion, SavedQuestion.made_at, SAVED_QUESTION),
    ):
        yield kept.__tablename__, delete(kept).where(made_at <= now - period)
    addresses = (Conversation.last_at <= now - TRACE, Conversation.address_lookup.is_not(None))
    yield "addresses", update(Conversation).where(*addresses).values(address_lookup=None)


def _run(session: Session, statement: Any) -> int:
    return int(session.execute(statement.execution_options(synchronize_session=False)).rowcount)
