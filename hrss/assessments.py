"""Assessments (核定) of organizations, once their batch is approved: who may confirm which, and until when."""

from datetime import datetime

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import authority, refund_confirmations
from hrss.authority import Act, Authorised
from hrss.database import lock
from hrss.errors import NoAssessment, NoticePublished
from hrss.refund_confirmations import RefundDecision
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Assessment, AssessmentBatch, OrgAccount, Organization, RefundYear


def authorised(
    session: Session, conversation_id: str, account_id: str, now: datetime, *, change: bool = False
) -> tuple[Authorised, Assessment]:
    """Who of this conversation may confirm, and what (F7); locked, if it is to `change`."""
    who = authority.require_for(session, conversation_id, Act.CONFIRM_REFUND, account_id=account_id, now=now)
    assessment = of_account(session, account_id)
    if change:
        locked(session, assessment)
    return who, assessment


def reader(authorised: Authorised) -> Subject:
    """Who reads and confirms: the operator, or the legal representative, whom the organization's account stands for."""
    if authorised.person_id is not None:
        return Subject(SubjectKind.PERSON, authorised.person_id)
    return Subject(SubjectKind.ORGANIZATION, authorised.account_id)


def of_account(session: Session, account_id: str) -> Assessment:
    """The newest that is approved, of the organization with this account."""
    account = session.get(OrgAccount, account_id)
    uscc = session.get(Organization, account.organization_id).uscc
    return approved(session, account.province, uscc)


def approved(session: Session, province: str, uscc: str | None, year: int | None = None) -> Assessment:
    found = (
        select(Assessment)
        .join(AssessmentBatch, AssessmentBatch.number == Assessment.batch)
        .where(
            Assessment.province == province,
            Assessment.uscc == uscc,
            AssessmentBatch.approved_at.is_not(None),
        )
        .order_by(desc(Assessment.year))
        .limit(1)
    )
    assessment: Assessment | None = session.scalar(
        found if year is None else found.where(Assessment.year == year)
    )
    if assessment is None:
        raise NoAssessment()
    return assessment


def locked(session: Session, assessment: Assessment) -> None:
    """Have everybody else who changes what becomes of it wait until this transaction ends."""
    session.execute(select(Assessment.id).where(Assessment.id == assessment.id).with_for_update())


def year_of(session: Session, province: str, year: int) -> RefundYear:
    """The row of a province's year, which stands for its public notice; made when it is first asked for."""
    lock(session, f"refund year {province} {year}")
    row = session.get(RefundYear, (province, year))
    if row is None:
        row = RefundYear(province=province, year=year)
        session.add(row)
        session.flush()
    return row


def require_before_notice(session: Session, assessment: Assessment) -> None:
    """F6. The database refuses too; here it is refused in words."""
    year: RefundYear = session.get(
        RefundYear,
        (assessment.province, assessment.year),
        with_for_update={"read": True},
        populate_existing=True,
    )
    if year.noticed_at is not None:
        last = refund_confirmations.last(session, assessment.id)
        label = RefundDecision(last.decision).label if last else ""
        raise NoticePublished(year=assessment.year, decision=label)
