"""The audit trail: who did what to whom, and through which channel. Rows are only ever added."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss.subjects import Subject
from hrss.tables import AuditEntry, Conversation


def record(
    session: Session,
    did: str,
    subject: Subject,
    *,
    now: datetime,
    conversation_id: str | None = None,
    staff: str | None = None,
    **facts: str | int | bool,
) -> None:
    """Add what was done, in the transaction that does it. `facts` never hold a personal value."""
    conversation = session.get(Conversation, conversation_id) if conversation_id else None
    session.add(
        AuditEntry(
            at=now,
            staff=staff,
            conversation_id=conversation_id,
            channel=conversation.channel if conversation else None,
            did=did,
            subject_kind=subject.kind.value,
            subject_id=subject.id,
            facts=facts,
        )
    )
