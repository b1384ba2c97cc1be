"""
The texts (政策说明) that must be read before a refund is confirmed, and our clock of who has read them.

A text is a file of this shape: the title as a heading of the first level, and below it the text.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss.database import lock
from hrss.errors import FileUnreadable, NoRegulation, NotRead
from hrss.subjects import Subject
from hrss.tables import Regulation, RegulationReading

READING = timedelta(seconds=10)  # F3


@dataclass(frozen=True)
class Reading:
    """A text as it lies open before someone; before `not_before` they cannot have read it."""

    id: str
    title: str
    body: str
    version: int
    delivered_at: datetime
    not_before: datetime


def publish(session: Session, *, province: str, year: int, path: Path, now: datetime) -> Regulation:
    """Make this file the newest version of its year's text; the same text again is no new version."""
    try:
        heading, _, body = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable() from error
    title, body = heading.removeprefix("# ").strip(), body.strip()
    if not heading.startswith("# ") or not title or not body:
        raise FileUnreadable()
    lock(session, f"regulation {province} {year}")
    newest = _newest(session, province, year)
    if newest is not None and (newest.title, newest.body) == (title, body):
        return newest
    version = newest.version + 1 if newest else 1
    published = Regulation(
        province=province, year=year, version=version, title=title, body=body, published_at=now
    )
    session.add(published)
    session.flush()
    return published


def deliver(session: Session, reader: Subject, *, province: str, year: int, now: datetime) -> Reading:
    """
    Lay the newest text open before someone. Delivered again, on another device too, its time goes on.

    It begins anew with another version of the text, and after a confirmation that was settled.
    """
    newest = _newest(session, province, year)
    if newest is None:
        raise NoRegulation()
    lock(session, f"reading {_of(reader)}")
    row = _unused(session, reader, newest)
    if row is None:
        row = RegulationReading(
            id=secrets.token_hex(16),
            reader=_of(reader),
            province=province,
            year=year,
            version=newest.version,
            delivered_at=now,
        )
        session.add(row)
        session.flush()
    return Reading(
        row.id, newest.title, newest.body, newest.version, row.delivered_at, row.delivered_at + READING
    )


def require_read(
    session: Session, reader: Subject, *, province: str, year: int, now: datetime
) -> RegulationReading:
    """The reading of the newest text, if it has been open before this person for long enough."""
    newest = _newest(session, province, year)
    if newest is None:
        raise NoRegulation()
    whole = int(READING.total_seconds())
    row = _unused(session, reader, newest)
    if row is None:
        raise NotRead(seconds=whole, left=whole)
    left = row.delivered_at + READING - now
    if left > timedelta():
        raise NotRead(seconds=whole, left=-(-left // timedelta(seconds=1)))
    return row


def _newest(session: Session, province: str, year: int) -> Regulation | None:
    found: Regulation | None = session.scalar(
        select(Regulation)
        .where(Regulation.province == province, Regulation.year == year)
        .order_by(desc(Regulation.version))
        .limit(1)
    )
    return found


def _unused(session: Session, reader: Subject, text: Regulation) -> RegulationReading | None:
    found: RegulationReading | None = session.scalar(
        select(RegulationReading).where(
            RegulationReading.reader == _of(reader),
            RegulationReading.province == text.province,
            RegulationReading.year == text.year,
            RegulationReading.version == text.version,
            RegulationReading.used_at.is_(None),
        )
    )
    return found


def _of(reader: Subject) -> str:
    return f"{reader.kind.value}:{reader.id}"
