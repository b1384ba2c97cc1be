"""Reading the audit trail: who saw or changed what. Nothing here, or anywhere, changes a row of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss.found_by_index import values
from hrss.subjects import SubjectKind
from hrss.tables import AuditEntry

AT_ONCE = 500


@dataclass(frozen=True)
class Wanted:
    """Which rows; what is None excludes nothing. `about` is whom or what it was done to."""

    since: datetime | None = None
    until: datetime | None = None
    staff: str | None = None
    did: str | None = None
    subject: SubjectKind | None = None
    about: str | None = None


def page(
    session: Session, wanted: Wanted, before: int | None, limit: int
) -> tuple[Sequence[AuditEntry], int | None]:
    """Rows, the newest first, and the id before which older ones begin, if there are any."""
    chosen = select(AuditEntry).where(*_conditions(wanted))
    if before is not None:
        chosen = chosen.where(AuditEntry.id < before)
    rows = session.scalars(chosen.order_by(desc(AuditEntry.id)).limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def every(session: Session, wanted: Wanted, limit: int) -> Iterator[AuditEntry]:
    before, left = None, limit
    while left > 0:
        rows, before = page(session, wanted, before, min(AT_ONCE, left))
        yield from rows
        left -= len(rows)
        session.expunge_all()
        if before is None:
            return


def deeds(session: Session) -> list[str]:
    """Everything that was ever done, by its key."""
    return values(session, AuditEntry.did)


def _conditions(wanted: Wanted) -> Iterator[Any]:
    if wanted.since is not None:
        yield AuditEntry.at >= wanted.since
    if wanted.until is not None:
        yield AuditEntry.at < wanted.until
    if wanted.staff is not None:
        yield AuditEntry.staff == wanted.staff
    if wanted.did is not None:
        yield AuditEntry.did == wanted.did
    if wanted.subject is not None:
        yield AuditEntry.subject_kind == wanted.subject.value
    if wanted.about is not None:
        yield AuditEntry.subject_id == wanted.about
