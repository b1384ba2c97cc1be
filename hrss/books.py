"""The published book of questions and answers: whole versions, never changed once published."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from hrss.database import lock
from hrss.tables import BookEntry, BookVersion


def current_version(session: Session) -> int | None:
    """The version that answers now; None before the first is published."""
    return session.scalar(select(func.max(BookVersion.number)))


def publish(
    session: Session,
    entries: dict[str, dict[str, Any]],
    *,
    note: str,
    now: datetime,
    by: str | None = None,
) -> int:
    """
    Make these entries the book that answers; a book equal to the current one gets no new version.

    An entry with `on: false` is kept with the book but does not answer. `by` is the member of staff who publishes;
    none means that the files were published.
    """
    lock(session, "book")
    digest = _digest(entries)
    current = session.get(BookVersion, current_version(session) or 0)
    if current is not None and current.digest == digest:
        return current.number
    number = current.number + 1 if current else 1
    session.add(BookVersion(number=number, published_at=now, note=note, digest=digest, published_by=by))
    session.flush()
    session.add_all(
        BookEntry(version=number, id=id, body=body, on=bool(body.get("on", True)))
        for id, body in entries.items()
    )
    session.flush()
    return number


def entries(session: Session, version: int) -> dict[str, dict[str, Any]]:
    """All entries of a version as they were published, those switched off too."""
    rows = session.scalars(select(BookEntry).where(BookEntry.version == version).order_by(BookEntry.id))
    return {row.id: row.body for row in rows}


def body(session: Session, entry_id: str, version: int | None = None) -> dict[str, Any] | None:
    """An entry as it was published in a version, the current one if none is named; None where it has none."""
    number = current_version(session) if version is None else version
    row = session.get(BookEntry, (number or 0, entry_id))
    return row.body if row else None


def versions(session: Session, limit: int = 200) -> list[BookVersion]:
    """The newest versions, newest first."""
    return list(session.scalars(select(BookVersion).order_by(desc(BookVersion.number)).limit(limit)))


def history(session: Session, entry_id: str) -> list[tuple[BookVersion, dict[str, Any] | None]]:
    """The versions that changed an entry, newest first, with what it was from then on."""
    rows = session.execute(
        select(BookVersion, BookEntry.body)
        .outerjoin(BookEntry, (BookEntry.version == BookVersion.number) & (BookEntry.id == entry_id))
        .order_by(BookVersion.number)
    ).all()
    changed: list[tuple[BookVersion, dict[str, Any] | None]] = []
    for version, now_body in rows:
        if now_body != (changed[-1][1] if changed else None):
            changed.append((version, now_body))
    return changed[::-1]


def is_of_files(session: Session, entries: dict[str, dict[str, Any]]) -> bool:
    """Whether publishing these files loses nothing: what answers now came from files, or is exactly these."""
    current = session.get(BookVersion, current_version(session) or 0)
    return current is None or current.published_by is None or current.digest == _digest(entries)


def _digest(entries: dict[str, dict[str, Any]]) -> str:
    canonical = json.dumps(entries, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
