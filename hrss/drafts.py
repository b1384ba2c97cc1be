"""Drafts of entries from manuals, until a keeper of the book has written the entry or dropped the draft."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hrss import audit, permissions
from hrss.errors import DraftUnknown
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import EntryDraft

LONGEST_NAME = 200  # characters of the name of a file


def keep(
    session: Session, file: str, found: Iterable[Mapping[str, Any]], *, staff: str, now: datetime
) -> int:
    """Keep the drafts of a manual in the place of those of the same file; each is `place`, `text`, `body`, `nearest`."""
    permissions.require(session, staff, May.EDIT_BOOK)
    file = file[-LONGEST_NAME:]
    session.execute(delete(EntryDraft).where(EntryDraft.file == file))
    rows = [EntryDraft(file=file, made_by=staff, made_at=now, **each) for each in found]
    session.add_all(rows)
    whose = Subject(SubjectKind.BOOK, file[:64])
    audit.record(session, "entries.drafted", whose, now=now, staff=staff, changes=len(rows))
    session.flush()
    return len(rows)


def all_of(session: Session) -> Sequence[EntryDraft]:
    """The newest file first, each in its own order."""
    return session.scalars(
        select(EntryDraft).order_by(EntryDraft.made_at.desc(), EntryDraft.file, EntryDraft.id)
    ).all()


def find(session: Session, draft_id: int) -> EntryDraft | None:
    draft: EntryDraft | None = session.get(EntryDraft, draft_id)
    return draft


def drop(session: Session, draft_id: int, *, staff: str) -> None:
    """Take a draft away: an entry was written from it, or none is wanted."""
    permissions.require(session, staff, May.EDIT_BOOK)
    draft = find(session, draft_id)
    if draft is None:
        raise DraftUnknown()
    session.delete(draft)
    session.flush()


def drop_file(session: Session, file: str, *, staff: str) -> None:
    permissions.require(session, staff, May.EDIT_BOOK)
    session.execute(delete(EntryDraft).where(EntryDraft.file == file))
