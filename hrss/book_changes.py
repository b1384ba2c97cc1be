"""
Changes of the book on their way: proposed by one, approved by another where an answer changes, published together.

The book itself is `hrss/books.py`; what a good entry is, `faq/` knows.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import audit, books, permissions
from hrss.errors import (
    ChangeNotApproved,
    ChangeStale,
    ChangeUnknown,
    NothingChanged,
    NotYourOwn,
    VersionUnknown,
)
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import BookChange

# What people never read: how they ask, and when staff look at it again. All else of an entry quotes rules, or says to
# whom it applies, and two people answer for it.
UNREAD = frozenset({"phrases", "review_by"})
LONGEST_NOTE = 500


class ChangeState(str, Enum):
    OPEN = "open"
    PUBLISHED = "published"
    DISCARDED = "discarded"


def propose(
    session: Session, entry_id: str, body: Mapping[str, Any], *, note: str, staff: str, now: datetime
) -> BookChange:
    """
    Propose what an entry shall be, or a new one; an entry has one open change, which this replaces.

    What was approved before is approved no more.
    """
    permissions.require(session, staff, May.EDIT_BOOK)
    base = books.body(session, entry_id)
    if dict(body) == base:
        raise NothingChanged()
    change = of_entry(session, entry_id)
    if change is None:
        change = BookChange(id=secrets.token_hex(8), entry_id=entry_id, state=ChangeState.OPEN.value)
        session.add(change)
    change.base, change.body, change.note = base, dict(body), note.strip()[:LONGEST_NOTE]
    change.made_by, change.made_at = staff, now
    change.approved_by = change.approved_at = None
    _record(session, "entry.proposed", entry_id, staff, now, note=change.note)
    return change


def of_entry(session: Session, entry_id: str) -> BookChange | None:
    """The open change of an entry."""
    return session.scalar(
        select(BookChange).where(BookChange.entry_id == entry_id, BookChange.state == ChangeState.OPEN.value)
    )


def open_ones(session: Session) -> Sequence[BookChange]:
    return session.scalars(
        select(BookChange).where(BookChange.state == ChangeState.OPEN.value).order_by(BookChange.made_at)
    ).all()


def needs_another(change: BookChange) -> bool:
    """Whether someone else has to approve it: anything that people read, or on which it depends who reads it."""
    base = change.base or {}
    return any(base.get(part) != change.body.get(part) for part in {*base, *change.body} - UNREAD)


def is_stale(session: Session, change: BookChange) -> bool:
    """Whether the entry has become another since the change was made."""
    return books.body(session, change.entry_id) != change.base


def is_ready(session: Session, change: BookChange) -> bool:
    approved = change.approved_by is not None or not needs_another(change)
    return approved and not is_stale(session, change)


def approve(session: Session, change_id: str, *, staff: str, now: datetime) -> None:
    """Answer for a change that someone else has made."""
    permissions.require(session, staff, May.EDIT_BOOK)
    change = _open(session, change_id)
    if change.made_by == staff:
        raise NotYourOwn()
    if is_stale(session, change):
        raise ChangeStale(entry=change.entry_id)
    change.approved_by, change.approved_at = staff, now
    _record(session, "entry.approved", change.entry_id, staff, now)


def discard(session: Session, change_id: str, *, staff: str, now: datetime) -> None:
    permissions.require(session, staff, May.EDIT_BOOK)
    change = _open(session, change_id)
    change.state = ChangeState.DISCARDED.value
    _record(session, "entry.discarded", change.entry_id, staff, now)


def with_changes(
    bodies: Mapping[str, Mapping[str, Any]], changes: Iterable[BookChange]
) -> dict[str, dict[str, Any]]:
    """The book as it would be with these changes."""
    return {**bodies, **{change.entry_id: change.body for change in changes}}  # type: ignore[dict-item]


def publish(
    session: Session, change_ids: Sequence[str], *, note: str, staff: str, now: datetime
) -> tuple[int, list[BookChange]]:
    """Make the book with these changes the one that answers; every one of them must be ready."""
    permissions.require(session, staff, May.EDIT_BOOK)
    changes = [_open(session, change_id) for change_id in change_ids]
    if not changes:
        raise NothingChanged()
    for change in changes:
        if is_stale(session, change):
            raise ChangeStale(entry=change.entry_id)
        if not is_ready(session, change):
            raise ChangeNotApproved(entry=change.entry_id)
    bodies = with_changes(books.entries(session, books.current_version(session) or 0), changes)
    version = books.publish(session, bodies, note=note.strip()[:LONGEST_NOTE], now=now, by=staff)
    for change in changes:
        change.state, change.version = ChangeState.PUBLISHED.value, version
    _record(session, "book.published", str(version), staff, now, changes=len(changes))
    return version, changes


def roll_back(session: Session, to: int, *, note: str, staff: str, now: datetime) -> int:
    """Make the entries of an earlier version answer again, as a new version: what was published stays on record."""
    permissions.require(session, staff, May.EDIT_BOOK)
    bodies = books.entries(session, to)
    if not bodies:
        raise VersionUnknown(version=to)
    version = books.publish(session, bodies, note=note.strip()[:LONGEST_NOTE], now=now, by=staff)
    _record(session, "book.rolled_back", str(version), staff, now, to=to)
    return version


def _open(session: Session, change_id: str) -> BookChange:
    change = session.get(BookChange, change_id, with_for_update=True)
    if change is None or change.state != ChangeState.OPEN.value:
        raise ChangeUnknown()
    return change


def _record(session: Session, did: str, about: str, staff: str, now: datetime, **facts: Any) -> None:
    audit.record(session, did, Subject(SubjectKind.BOOK, about), now=now, staff=staff, **facts)
    session.flush()
