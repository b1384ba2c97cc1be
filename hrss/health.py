"""How the assistant is doing: what waits, what is closed, which process last showed itself and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hrss import closures
from hrss.case_states import OPEN
from hrss.feed import told
from hrss.sms import SmsState
from hrss.tables import Case, Heartbeat, OutboxSms, Turn

DISPATCHER = "sms"
RELAY = "relay"  # of transcripts: hrss/feed/
CONSUMER = "consumer"
BEAT_EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(minutes=1)  # so long without a sign, a process counts as dead
TURN_LATE_AFTER = timedelta(minutes=2)
SMS_LATE_AFTER = timedelta(minutes=2)
TRANSCRIPTS_LATE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Condition:
    """Figures by what they are about; ages in seconds."""

    turns_waiting: Mapping[str, int]
    sms_queued: Mapping[str, int]
    sms_unknown: Mapping[str, int]
    sms_wait: Mapping[str, float]
    cases_open: Mapping[str, int]
    heartbeats: Mapping[str, float]
    closed: Mapping[str, int]
    behind: Mapping[str, int]
    oldest_turn: float = field(default=0.0)
    oldest_untold: float | None = field(default=None)  # none: transcripts are told to nobody

    def troubles(self) -> list[str]:
        """Return what a person on call should look at, by the names of `docs/operations.md`."""
        found = []
        if self.oldest_turn > TURN_LATE_AFTER.total_seconds():
            found.append("turns_late")
        if self.sms_wait.get("outbox", 0) > SMS_LATE_AFTER.total_seconds():
            found.append("sms_late")
        if self.heartbeats.get(DISPATCHER, float("inf")) > SILENT_AFTER.total_seconds():
            found.append("sms_dispatcher_silent")
        if self.oldest_untold is not None:
            if self.oldest_untold > TRANSCRIPTS_LATE_AFTER.total_seconds():
                found.append("transcripts_late")
            found += [
                f"transcript_{process}_silent"
                for process in (RELAY, CONSUMER)
                if self.heartbeats.get(process, float("inf")) > SILENT_AFTER.total_seconds()
            ]
        return found


def read(session: Session, *, now: datetime, fed: bool = False) -> Condition:
    """`fed`: transcripts are told to others, and somebody ought to do it."""
    oldest_turn = session.scalar(select(func.min(Turn.received_at)).where(Turn.state == "received"))
    queued = OutboxSms.state == SmsState.QUEUED.value
    oldest_sms = session.scalar(select(func.min(OutboxSms.queued_at)).where(queued))
    beats = session.scalars(select(Heartbeat)).all()
    return Condition(
        turns_waiting=_counts(session, Turn.channel, Turn.state == "received"),
        sms_queued=_counts(session, OutboxSms.template, queued),
        sms_unknown=_counts(session, OutboxSms.template, OutboxSms.state == SmsState.UNKNOWN.value),
        sms_wait={"outbox": _age(oldest_sms, now)},
        cases_open=_counts(session, Case.kind, Case.state.in_([state.value for state in OPEN])),
        heartbeats={row.process: _age(row.at, now) for row in beats},
        behind={row.process: row.behind for row in beats if row.process in (RELAY, CONSUMER)},
        closed={f"{closed.kind.value} {closed.name}": 1 for closed in closures.standing(session)},
        oldest_turn=_age(oldest_turn, now),
        oldest_untold=_age(told.waits_since(session), now) if fed else None,
    )


def beat(session: Session, process: str, now: datetime, *, behind: int = 0) -> None:
    """Show that a process lives, and how much waits for it."""
    row = session.get(Heartbeat, process)
    if row is None:
        session.add(Heartbeat(process=process, at=now, behind=behind))
    else:
        row.at, row.behind = now, behind


def _counts(session: Session, by: Any, which: Any) -> dict[str, int]:
    rows = session.execute(select(by, func.count()).where(which).group_by(by))
    return {str(name): int(count) for name, count in rows}


def _age(moment: datetime | None, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0.0) if moment else 0.0
