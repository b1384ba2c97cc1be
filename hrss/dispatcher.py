"""Sends what stands in the outbox, each message at most once as far as a gateway allows."""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hrss import health, retention
from hrss.case_states import CaseState
from hrss.cases import move
from hrss.database import Database
from hrss.hall import Hall
from hrss.sms import SmsState
from hrss.systems.protocols import SmsNotTaken
from hrss.tables import Case, OutboxSms

log = logging.getLogger(__name__)

TRIES = 3
# A claim this old was left by a process that died: whether its message went out, nobody knows.
CLAIM_ABANDONED = timedelta(minutes=5)
SWEEP_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class _Claimed:
    id: str
    template: str
    phone: str
    blanks: dict[str, str]


def dispatch(database: Database, hall: Hall, *, now: datetime, limit: int = 100) -> Counter[SmsState]:
    """One round: what came of each message that was waiting. Any number of processes may do it at once."""
    came_of: Counter[SmsState] = Counter()
    tried: set[str] = set()
    with database.transaction() as session:
        came_of[SmsState.UNKNOWN] += _give_up_abandoned(session, now)
        came_of[SmsState.EXPIRED] += _expire(session, now)
    while len(tried) < limit and (claimed := _claim(database, hall, tried, now)):
        tried.add(claimed.id)
        came_of[_send(database, hall, claimed, now)] += 1
    return +came_of


def watch(database: Database, hall: Hall, tracker: Database, *, every_seconds: float = 1.0) -> None:
    """
    Dispatch round after round, sweep once a minute and show that it lives; a round that fails does not end it.

    `tracker` is where Rasa remembers what was said.
    """
    swept: datetime | None = None
    beaten: datetime | None = None
    while True:
        now = datetime.now(timezone.utc)
        try:
            dispatch(database, hall, now=now)
            if swept is None or now - swept >= SWEEP_EVERY:
                with database.transaction() as session:
                    retention.sweep(session, now=now)
                with database.transaction() as session:
                    retention.sweep_words(session, tracker, now=now, kept=hall.words_kept)
                swept = now
            if beaten is None or now - beaten >= health.BEAT_EVERY:
                with database.transaction() as session:
                    health.beat(session, health.DISPATCHER, now)
                beaten = now
        except Exception:
            log.exception("a round of the outbox failed")
        time.sleep(every_seconds)


def _claim(database: Database, hall: Hall, tried: set[str], now: datetime) -> _Claimed | None:
    """Take a message out of everyone else's reach before it is sent: after a crash it stays unsent."""
    waiting = (
        select(OutboxSms)
        .where(OutboxSms.state == SmsState.QUEUED.value, OutboxSms.id.not_in(tried))
        .order_by(OutboxSms.queued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with database.transaction() as session:
        row = session.scalar(waiting)
        if row is None:
            return None
        row.state = SmsState.SENDING.value
        row.claimed_at = now
        row.tries += 1
        return _Claimed(row.id, row.template, **hall.sealer.unseal_document(row))


def _send(database: Database, hall: Hall, claimed: _Claimed, now: datetime) -> SmsState:
    try:
        receipt = hall.systems.sms.send(claimed.id, claimed.phone, claimed.template, claimed.blanks)
    except SmsNotTaken as error:
        with database.transaction() as session:
            row = session.get(OutboxSms, claimed.id)
            state = SmsState.QUEUED if error.again and row.tries < TRIES else SmsState.FAILED
            return _settle(row, state, error=str(error))
    except Exception as error:
        # It may have been taken. Better that a person asks again than that they get two passwords.
        log.exception("nobody knows whether message %s was sent", claimed.id)
        with database.transaction() as session:
            return _settle(session.get(OutboxSms, claimed.id), SmsState.UNKNOWN, error=type(error).__name__)
    with database.transaction() as session:
        row = session.get(OutboxSms, claimed.id)
        row.sent_at, row.receipt = now, receipt
        _close_case(session, row.case_number)
        return _settle(row, SmsState.SENT)


def _settle(row: Any, state: SmsState, *, error: str | None = None) -> SmsState:
    row.state, row.error = state.value, error
    if state is not SmsState.QUEUED:
        row.sealed = None  # R7: what it said is kept nowhere
    return state


def _close_case(session: Session, number: str | None) -> None:
    """A decided case is done once the person has been told."""
    case: Case | None = session.get(Case, number, with_for_update=True) if number else None
    if case is not None and CaseState(case.state) in (CaseState.APPROVED, CaseState.REJECTED):
        move(case, CaseState.NOTIFIED)


def _give_up_abandoned(session: Session, now: datetime) -> int:
    abandoned = update(OutboxSms).where(
        OutboxSms.state == SmsState.SENDING.value, OutboxSms.claimed_at <= now - CLAIM_ABANDONED
    )
    return _bulk(session, abandoned, SmsState.UNKNOWN)


def _expire(session: Session, now: datetime) -> int:
    """A code that nobody can use any more is not sent."""
    late = update(OutboxSms).where(OutboxSms.state == SmsState.QUEUED.value, OutboxSms.expires_at <= now)
    return _bulk(session, late, SmsState.EXPIRED)


def _bulk(session: Session, which: Any, state: SmsState) -> int:
    settled = which.values(state=state.value, sealed=None)
    return int(session.execute(settled.execution_options(synchronize_session=False)).rowcount)
