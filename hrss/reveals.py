"""Showing one personal value to a member of staff who needs it, and keeping who, when and why."""

from datetime import datetime

from sqlalchemy.orm import Session

from hrss import audit, permissions, reviews
from hrss.cases import locked
from hrss.errors import NothingToReveal, RevealReasonNeeded, TokenUnknown
from hrss.hall import Hall
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.vault import LABELS, SECRETS, Vault

SHORTEST_REASON = 4
LONGEST_REASON = 200
IN_A_CASE = ("certificate", "phone")  # what a case claims and shows masked
_SECRET_LABELS = tuple(f"〔{LABELS[kind]}#" for kind in SECRETS)


def of_conversation(
    session: Session,
    vault: Vault,
    conversation_id: str,
    token: str,
    *,
    staff: str,
    reason: str,
    now: datetime,
) -> str:
    """The value that a token of this conversation stands for. Passwords and codes are shown to nobody."""
    permissions.require(session, staff, May.REVEAL)
    reason = _given(reason)
    if token.startswith(_SECRET_LABELS):
        raise NothingToReveal()
    try:
        value = vault.resolve(session, conversation_id, token)
    except TokenUnknown:
        raise NothingToReveal() from None
    whose = Subject(SubjectKind.CONVERSATION, conversation_id)
    audit.record(
        session,
        "value.revealed",
        whose,
        now=now,
        staff=staff,
        conversation_id=conversation_id,
        value=token,
        reason=reason,
    )
    return value


def of_case(
    session: Session, hall: Hall, number: str, field: str, *, staff: str, reason: str, now: datetime
) -> str:
    """One value that a case claims."""
    permissions.require(session, staff, May.REVEAL)
    reason = _given(reason)
    case = locked(session, number)
    value = hall.sealer.unseal_document(case).get(field) if case.sealed and field in IN_A_CASE else None
    if not value:
        raise NothingToReveal()
    whose = Subject(SubjectKind.CASE, case.number)
    audit.record(
        session,
        "value.revealed",
        whose,
        now=now,
        staff=staff,
        conversation_id=case.conversation_id,
        value=field,
        reason=reason,
    )
    return str(value)


def _given(reason: str) -> str:
    if len(reason.strip()) < SHORTEST_REASON:
        raise RevealReasonNeeded(characters=SHORTEST_REASON)
    return reviews.masked(reason.strip()[:LONGEST_REASON])
