"""Filters that someone comes back to; `query` is what the console's address says."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss.errors import NameMissing
from hrss.tables import SavedFilter

LONGEST_NAME = 32


def of(session: Session, staff: str) -> Sequence[SavedFilter]:
    return session.scalars(
        select(SavedFilter).where(SavedFilter.staff == staff).order_by(SavedFilter.name)
    ).all()


def save(session: Session, staff: str, name: str, query: str) -> None:
    """Keep a filter under a name; the name again keeps the new one."""
    name = name.strip()[:LONGEST_NAME]
    if not name:
        raise NameMissing()
    session.merge(SavedFilter(staff=staff, name=name, query=query))


def forget(session: Session, staff: str, name: str) -> None:
    kept = session.get(SavedFilter, (staff, name))
    if kept is not None:
        session.delete(kept)
