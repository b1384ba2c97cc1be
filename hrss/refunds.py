"""
稳岗返还 as an organization meets it: what the agency assessed, the text to be read before, what is shown for it.

The choice is saved and submitted in `refund_tasks`; what was settled is in `refund_confirmations`.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hrss import (
    accounts,
    acting,
    assessments,
    authority,
    photos,
    refund_confirmations,
    refund_slips,
    refund_tasks,
    regulations,
)
from hrss.assessments import reader, require_before_notice
from hrss.authority import Act
from hrss.errors import NoAssessment, Refusal, SlipUnknown
from hrss.hall import Hall
from hrss.money import percent, yuan
from hrss.operations import once
from hrss.refund_confirmations import RefundDecision
from hrss.regulations import Reading
from hrss.tables import Assessment, RefundEvidence, RefundYear


@dataclass(frozen=True)
class RefundFile:
    """An assessment as its organization sees it: every figure as it was given, the account masked (F2)."""

    account_id: str
    id: str
    year: int
    org_name: str
    insured_number: str
    contributions: str
    layoff_rate: str
    refund_ratio: str
    amount: str
    account_name: str
    bank: str
    account: str
    noticed: bool
    decision: RefundDecision | None  # the last one settled
    task: str | None  # what waits to be submitted
    task_decision: RefundDecision | None


@dataclass(frozen=True)
class Waiting:
    org_name: str
    year: int


@dataclass(frozen=True)
class Attached:
    year: int
    org_name: str
    documents: int


def files(
    session: Session, hall: Hall, conversation_id: str, *, province: str, now: datetime
) -> tuple[RefundFile, ...]:
    """
    The newest approved assessments of the organizations that this conversation may confirm for; at least one.

    Otherwise a refusal that says what is missing: who they are, the binding, the grant, or an assessment.
    """
    found = []
    for account_id in acting.able(session, conversation_id, Act.CONFIRM_REFUND, now=now, province=province):
        with suppress(NoAssessment):
            found.append(_file(session, hall, account_id, assessments.of_account(session, account_id)))
    if not found:
        raise NoAssessment()
    # What can still be confirmed comes first.
    return tuple(sorted(found, key=lambda each: (each.noticed, each.decision is not None)))


def file(session: Session, hall: Hall, conversation_id: str, *, account_id: str, now: datetime) -> RefundFile:
    """The newest approved assessment of this organization, for whoever may confirm it."""
    _, assessment = assessments.authorised(session, conversation_id, account_id, now)
    return _file(session, hall, account_id, assessment)


def deliver_regulation(session: Session, conversation_id: str, *, account_id: str, now: datetime) -> Reading:
    """Lay the text of the assessment's year open before the person of this conversation, and start their clock."""
    authorised, assessment = assessments.authorised(session, conversation_id, account_id, now)
    require_before_notice(session, assessment)
    return regulations.deliver(
        session, reader(authorised), province=assessment.province, year=assessment.year, now=now
    )


def waiting(session: Session, conversation_id: str, *, now: datetime) -> tuple[Waiting, ...]:
    """What this conversation's person could confirm and nobody has, for the reminder on entering."""
    try:
        able = acting.able(session, conversation_id, Act.CONFIRM_REFUND, now=now)
    except Refusal:
        return ()
    found = []
    for account_id in able:
        with suppress(NoAssessment):
            assessment = assessments.of_account(session, account_id)
            year = session.get(RefundYear, (assessment.province, assessment.year))
            if year.noticed_at is None and refund_confirmations.last(session, assessment.id) is None:
                found.append(Waiting(assessment.org_name, assessment.year))
    return tuple(found)


def slip(session: Session, hall: Hall, conversation_id: str, *, number: str, now: datetime) -> bytes:
    """The PDF of a slip, for those who may confirm for its organization; others hear what a wrong number hears."""
    archived, assessment = refund_slips.of_assessment(session, number)
    account = accounts.of_organization(session, assessment.province, assessment.uscc)
    try:
        authority.require_for(
            session, conversation_id, Act.CONFIRM_REFUND, account_id=account.id if account else "", now=now
        )
    except Refusal:
        raise SlipUnknown() from None
    return hall.sealer.unseal(archived)


def require_read(session: Session, conversation_id: str, *, account_id: str, now: datetime) -> None:
    """Refuse (`NotRead`) until the text has been open before this conversation's person for long enough (F3)."""
    authorised, assessment = assessments.authorised(session, conversation_id, account_id, now)
    regulations.require_read(
        session, reader(authorised), province=assessment.province, year=assessment.year, now=now
    )


@once
def attach_evidence(
    session: Session,
    hall: Hall,
    conversation_id: str,
    *,
    account_id: str,
    shown: tuple[str, ...],
    key: str,
    now: datetime,
) -> Attached:
    """Keep documents (单位证明材料) that this conversation has shown with the organization's assessment (F5)."""
    authorised, assessment = assessments.authorised(session, conversation_id, account_id, now, change=True)
    for kept in photos.loose(session, conversation_id, shown):
        session.add(
            RefundEvidence(
                photo_id=kept.id,
                assessment_id=assessment.id,
                attached_by=refund_tasks.written(reader(authorised)),
                attached_at=now,
            )
        )
    session.flush()
    return Attached(assessment.year, assessment.org_name, len(shown))


def _file(session: Session, hall: Hall, account_id: str, assessment: Assessment) -> RefundFile:
    last, task = (
        refund_confirmations.last(session, assessment.id),
        refund_tasks.open_task(session, assessment),
    )
    year = session.get(RefundYear, (assessment.province, assessment.year))
    return RefundFile(
        account_id=account_id,
        id=assessment.id,
        year=assessment.year,
        org_name=assessment.org_name,
        insured_number=assessment.insured_number,
        contributions=yuan(assessment.contributions),
        layoff_rate=percent(assessment.layoff_rate),
        refund_ratio=percent(assessment.refund_ratio),
        amount=yuan(assessment.amount),
        account_name=assessment.account_name,
        bank=assessment.bank,
        account=refund_slips.masked_account(hall, assessment),
        noticed=year.noticed_at is not None,
        decision=RefundDecision(last.decision) if last else None,
        task=task.number if task else None,
        task_decision=RefundDecision(task.decision) if task else None,
    )
