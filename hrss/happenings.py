"""What happened around a conversation in the shared database: done, sent, allowed, taken over; on one time line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hrss.subjects import SubjectKind
from hrss.tables import AuditEntry, Case, Consent, OutboxSms

# That staff looked at it is the auditor's to know.
LOOKED = ("conversation.seen", "value.revealed", "case.seen", "photo.seen")


@dataclass(frozen=True)
class Happening:
    """`what` is a key that pages have words for; `case_number` the case it is about."""

    at: datetime
    what: str
    staff: str | None
    case_number: str | None
    facts: Mapping[str, Any]


def of_conversation(session: Session, conversation_id: str) -> list[Happening]:
    """All of it, in order; also what was decided about its cases later."""
    found = [
        Happening(
            row.at,
            row.did,
            row.staff,
            row.subject_id if row.subject_kind == SubjectKind.CASE.value else None,
            row.facts,
        )
        for row in session.scalars(
            select(AuditEntry)
            .where(AuditEntry.conversation_id == conversation_id, AuditEntry.did.not_in(LOOKED))
            .order_by(AuditEntry.id)
        )
    ]
    cases = select(Case.number).where(Case.conversation_id == conversation_id)
    found += [
        Happening(row.queued_at, "sms", None, row.case_number, {"template": row.template, "state": row.state})
        for row in session.scalars(
            select(OutboxSms).where(
                or_(OutboxSms.conversation_id == conversation_id, OutboxSms.case_number.in_(cases))
            )
        )
    ]
    found += [
        Happening(row.at, "consent.given" if row.granted else "consent.withdrawn", None, None, {})
        for row in session.scalars(select(Consent).where(Consent.conversation_id == conversation_id))
    ]
    return sorted(found, key=lambda happening: happening.at)
