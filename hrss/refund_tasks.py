"""待办: a choice that is saved and waits; submitting it settles it at once (F4)."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import assessments, audit, refund_confirmations, regulations
from hrss.assessments import reader, require_before_notice
from hrss.errors import NothingToSubmit, NotTicked, TaskReplaced
from hrss.hall import Hall
from hrss.identifiers import CASE_ALPHABET
from hrss.operations import once
from hrss.refund_confirmations import RefundDecision, Settled
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Assessment, RefundConfirmation, RefundTask, RegulationReading

OPEN, SUBMITTED, REPLACED = "open", "submitted", "replaced"
RANDOM_CHARACTERS = 8


@dataclass(frozen=True)
class Saved:
    task: str
    decision: RefundDecision


@once
def save(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    account_id: str,
    decision: RefundDecision,
    ticked: bool,
    key: str,
    now: datetime,
) -> Saved:
    """Keep the choice as a 待办. F3: the text has been open for long enough, by our clock, and the box is ticked."""
    authorised, assessment = assessments.authorised(session, conversation_id, account_id, now, change=True)
    require_before_notice(session, assessment)
    who = reader(authorised)
    reading = regulations.require_read(
        session, who, province=assessment.province, year=assessment.year, now=now
    )
    if not ticked:
        raise NotTicked()
    earlier = open_task(session, assessment)
    if earlier is not None:
        earlier.state = REPLACED
        session.flush()
    drawn = "".join(secrets.choice(CASE_ALPHABET) for _ in range(RANDOM_CHARACTERS))
    task = RefundTask(
        number=f"DB{drawn}",
        assessment_id=assessment.id,
        decision=decision.value,
        state=OPEN,
        reading_id=reading.id,
        saved_by=written(who),
        saved_at=now,
    )
    session.add(task)
    session.flush()
    whose = Subject(SubjectKind.REFUND, assessment.id)
    audit.record(
        session, "refund.saved", whose, now=now, conversation_id=conversation_id, decision=decision.value
    )
    return Saved(task.number, decision)


@once
def submit(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    account_id: str,
    task: str,
    key: str,
    now: datetime,
) -> Settled:
    """Submit a 待办, which settles it at once: the confirmation, its slip, the reading used, all or nothing."""
    authorised, assessment = assessments.authorised(session, conversation_id, account_id, now, change=True)
    require_before_notice(session, assessment)
    row: RefundTask | None = session.get(RefundTask, task, populate_existing=True)
    if row is None or row.assessment_id != assessment.id or row.state == SUBMITTED:
        raise NothingToSubmit()
    if row.state == REPLACED:
        latest = open_task(session, assessment) or refund_confirmations.last(session, assessment.id)
        raise TaskReplaced(decision=RefundDecision(latest.decision).label if latest else "")
    reading = session.get(RegulationReading, row.reading_id)
    row.state = SUBMITTED
    reading.used_at = now
    confirmation = RefundConfirmation(
        assessment_id=assessment.id,
        decision=row.decision,
        task_number=row.number,
        regulation_version=reading.version,
        confirmed_by=written(reader(authorised)),
        conversation_id=conversation_id,
        at=now,
    )
    return refund_confirmations.settle(session, hall, assessment, confirmation, now)


def open_task(session: Session, assessment: Assessment) -> RefundTask | None:
    """What waits to be submitted."""
    found: RefundTask | None = session.scalar(
        select(RefundTask)
        .where(RefundTask.assessment_id == assessment.id, RefundTask.state == OPEN)
        .execution_options(populate_existing=True)
    )
    return found


def written(reader: Subject) -> str:
    """How a row names who saved, confirmed or attached."""
    return f"{reader.kind.value}:{reader.id}"
