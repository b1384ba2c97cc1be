"""What an organization decided at the counter (受理岗) of the social-insurance hall."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import assessments, refund_confirmations, refund_tasks
from hrss.hall import Hall
from hrss.identifiers import parse_uscc
from hrss.refund_confirmations import RefundDecision, Settled
from hrss.staff_rights import Right, require
from hrss.tables import RefundConfirmation


def enter(
    session: Session,
    hall: Hall,
    *,
    province: str,
    year: int,
    uscc: str,
    decision: RefundDecision,
    staff: str,
    now: datetime,
) -> Settled:
    """Record what an organization decided at the counter (受理岗); what waited to be submitted online is replaced."""
    require(session, staff, Right.COUNTER)
    assessment = assessments.approved(session, province, parse_uscc(uscc), year)
    assessments.locked(session, assessment)
    assessments.require_before_notice(session, assessment)
    waiting = refund_tasks.open_task(session, assessment)
    if waiting is not None:
        waiting.state = refund_tasks.REPLACED
    confirmation = RefundConfirmation(
        assessment_id=assessment.id, decision=decision.value, staff=staff, at=now
    )
    return refund_confirmations.settle(session, hall, assessment, confirmation, now)
