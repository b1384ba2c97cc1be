"""That staff looked at a conversation, for the auditor; and what there is to look for."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import audit
from hrss.found_by_index import values
from hrss.subjects import Subject, SubjectKind
from hrss.tables import AuditEntry, FlowStep

AGAIN = timedelta(minutes=30)  # a page that is loaded again within this time is the same look


def note(session: Session, conversation_id: str, *, staff: str, now: datetime) -> None:
    whose = Subject(SubjectKind.CONVERSATION, conversation_id)
    if not _just_seen(session, "conversation.seen", whose, staff, now):
        audit.record(
            session, "conversation.seen", whose, now=now, staff=staff, conversation_id=conversation_id
        )


def note_case(session: Session, number: str, *, staff: str, now: datetime) -> None:
    whose = Subject(SubjectKind.CASE, number)
    if not _just_seen(session, "case.seen", whose, staff, now):
        audit.record(session, "case.seen", whose, now=now, staff=staff)


def note_photo(session: Session, number: str, photo_id: str, *, staff: str, now: datetime) -> None:
    whose = Subject(SubjectKind.CASE, number)
    audit.record(session, "photo.seen", whose, now=now, staff=staff, photo=photo_id)


def flows(session: Session) -> list[str]:
    """The flows that conversations have gone through."""
    return values(session, FlowStep.flow)


def refusals(session: Session) -> list[str]:
    """The keys of what the business has refused in conversation."""
    return values(session, FlowStep.refused)


def _just_seen(session: Session, did: str, whose: Subject, staff: str, now: datetime) -> bool:
    seen = select(AuditEntry.id).where(
        AuditEntry.subject_kind == whose.kind.value,
        AuditEntry.subject_id == whose.id,
        AuditEntry.did == did,
        AuditEntry.staff == staff,
        AuditEntry.at > now - AGAIN,
    )
    return session.scalar(seen.limit(1)) is not None
