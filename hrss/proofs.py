"""What a conversation has proven about whose it is. What that allows is decided in `authority`."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import bindparam, delete, desc, select
from sqlalchemy.orm import Session

from hrss import audit
from hrss.lines import carry_out
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Conversation, ProofRecord

IDLE = timedelta(minutes=15)


class How(str, Enum):
    TOKEN = "token"  # noqa: S105  # the host page's login
    SMS_CODE = "sms_code"
    UNIONPAY = "unionpay"
    SECURITY_QUESTIONS = "security_questions"
    LIVE_PERSON = "live_person"  # 法人实人认证 of the legal representative
    WECHAT = "wechat"  # a WeChat account bound to the person before
    SUBMITTED = "submitted"  # this conversation submitted the case


_PROOFS = ProofRecord.__table__
_SIGNED_IN = (
    select(_PROOFS.c.subject_kind, _PROOFS.c.subject_id)
    .where(_PROOFS.c.conversation_id == bindparam("conversation_id"), _PROOFS.c.how == How.TOKEN.value)
    .order_by(desc(_PROOFS.c.given_at))
    .limit(1)
)


@dataclass(frozen=True)
class Proof:
    how: How
    subject: Subject
    given_at: datetime


def give(session: Session, conversation_id: str, *, how: How, subject: Subject, now: datetime) -> Proof:
    """The conversation has proven whose it is."""
    session.add(
        ProofRecord(
            id=secrets.token_hex(16),
            conversation_id=conversation_id,
            how=how.value,
            subject_kind=subject.kind.value,
            subject_id=subject.id,
            given_at=now,
            used_at=now,
        )
    )
    audit.record(session, "proof.given", subject, now=now, conversation_id=conversation_id, how=how.value)
    session.flush()
    return Proof(how, subject, now)


def withdraw(session: Session, conversation_id: str, *, how: How) -> None:
    """What the conversation has proven in this way counts no more."""
    session.execute(
        delete(ProofRecord)
        .where(ProofRecord.conversation_id == conversation_id, ProofRecord.how == how.value)
        .execution_options(synchronize_session="fetch")
    )


def current(session: Session, conversation_id: str, *, now: datetime) -> tuple[Proof, ...]:
    """
    What the conversation has proven, the newest first.

    A proof ends with its conversation, or when it was not asked for in `IDLE`; asking keeps it alive.
    """
    rows = _live(session, conversation_id, now)
    for row in rows:
        row.used_at = max(row.used_at, now)
    return tuple(map(_proof, rows))


def live(session: Session, conversation_id: str, *, now: datetime) -> tuple[Proof, ...]:
    """The same, asked by someone else than the person: nothing is kept alive by it."""
    return tuple(map(_proof, _live(session, conversation_id, now)))


def signed_in(session: Session, conversation_id: str) -> Subject | None:
    """Whose login at the host page this conversation has taken over, be it still good as a proof or not."""
    row = carry_out(session, _SIGNED_IN, conversation_id=conversation_id).first()
    return Subject(SubjectKind(row.subject_kind), row.subject_id) if row else None


def _live(session: Session, conversation_id: str, now: datetime) -> Sequence[ProofRecord]:
    conversation = session.get(Conversation, conversation_id)
    if conversation is None or conversation.ended_at is not None or conversation.expires_at <= now:
        return ()
    rows: Sequence[ProofRecord] = session.scalars(
        select(ProofRecord)
        .where(ProofRecord.conversation_id == conversation_id, ProofRecord.used_at > now - IDLE)
        .order_by(desc(ProofRecord.given_at))
    ).all()
    return rows


def _proof(row: ProofRecord) -> Proof:
    return Proof(How(row.how), Subject(SubjectKind(row.subject_kind), row.subject_id), row.given_at)
