"""Confirmations (确认) of 稳岗返还: taken or waived, settled with a slip; the last one counts (F6)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import audit, refund_slips
from hrss.hall import Hall
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Assessment, RefundConfirmation


class RefundDecision(str, Enum):
    ACCEPT = "accept"
    WAIVE = "waive"

    @property
    def label(self) -> str:
        return {RefundDecision.ACCEPT: "确认享受", RefundDecision.WAIVE: "放弃享受"}[self]


@dataclass(frozen=True)
class Settled:
    year: int
    org_name: str
    decision: RefundDecision
    slip: str
    confirmation_id: int


def settle(
    session: Session, hall: Hall, assessment: Assessment, confirmation: RefundConfirmation, now: datetime
) -> Settled:
    """Add a confirmation to the record, with its slip."""
    session.add(confirmation)
    session.flush()
    slip = refund_slips.issue(session, hall, assessment, confirmation, now=now)
    decision = RefundDecision(confirmation.decision)
    audit.record(
        session,
        "refund.confirmed",
        Subject(SubjectKind.REFUND, assessment.id),
        now=now,
        conversation_id=confirmation.conversation_id,
        staff=confirmation.staff,
        decision=decision.value,
    )
    return Settled(assessment.year, assessment.org_name, decision, slip, confirmation.id)


def last(session: Session, assessment_id: str) -> RefundConfirmation | None:
    """What was settled last: what counts."""
    return session.scalar(
        select(RefundConfirmation)
        .where(RefundConfirmation.assessment_id == assessment_id)
        .order_by(desc(RefundConfirmation.id))
        .limit(1)
    )
