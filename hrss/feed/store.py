"""The transcript store: a database of its own that reports may read without holding up anyone who talks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text, select, tuple_, update
from sqlalchemy.orm import Session

from hrss.database import Database, lock
from hrss.feed import told
from hrss.feed.line import ToldLine
from hrss.tables import Conversation, Document, Message, Moment

COMPARED_AT_ONCE = 500

_metadata = MetaData()
LINES = Table(
    "transcript_lines",
    _metadata,
    Column("conversation", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("edition", Integer, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("province", String(8)),
    Column("at", Moment, nullable=False),
    Column("author", String(8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("options", Document, nullable=False),
    Column("entry", String(128)),
    Column("turn", String(64)),
    Column("taken_at", Moment, nullable=False),
    Index("ix_transcript_lines_at", "at"),
    Index("ix_transcript_lines_entry", "entry", "at"),
)


@dataclass(frozen=True)
class Comparison:
    """How the store stands to the database: lines of what was told that are not there, are other, or are too many."""

    told: int
    waiting: int
    missing: int
    differing: int
    stray: int

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.differing or self.stray)


def prepare(store: Database) -> None:
    with store.engine.begin() as connection:
        lock(connection, "transcript store")
        _metadata.create_all(connection)


def take(session: Session, lines: Iterable[ToldLine], *, now: datetime) -> int:
    """Write what is not there yet, in its latest edition; return how much that was."""
    latest: dict[tuple[str, int], ToldLine] = {}
    for line in lines:
        key = (line.conversation, line.seq)
        if key not in latest or latest[key].edition < line.edition:
            latest[key] = line
    if not latest:
        return 0
    key_of = tuple_(LINES.c.conversation, LINES.c.seq)
    known = select(LINES.c.conversation, LINES.c.seq, LINES.c.edition).where(key_of.in_(list(latest)))
    there = {(row.conversation, row.seq): row.edition for row in session.execute(known)}
    added = [_row(line, now) for key, line in latest.items() if key not in there]
    replaced = [(key, line) for key, line in latest.items() if there.get(key, line.edition) < line.edition]
    if added:
        session.execute(LINES.insert(), added)
    for (conversation, seq), line in replaced:
        session.execute(
            update(LINES)
            .where(LINES.c.conversation == conversation, LINES.c.seq == seq)
            .values(**_row(line, now))
        )
    return len(added) + len(replaced)


def compare(records: Session, store: Session) -> Comparison:
    """Hold every message that was told against its line."""
    found = {"told": 0, "waiting": 0, "missing": 0, "differing": 0, "stray": 0}
    for conversations in _conversations(records):
        wanted = _wanted(records, conversations)
        of_these = LINES.c.conversation.in_(list(conversations))
        there = {(row.conversation, row.seq): row for row in store.execute(select(LINES).where(of_these))}
        found["told"] += len(wanted)
        found["waiting"] += sum(each.last_seq - each.told_seq for each in conversations.values())
        found["missing"] += len(wanted.keys() - there.keys())
        found["differing"] += sum(
            any(getattr(there[key], name) != value for name, value in row.items())
            for key, row in wanted.items()
            if key in there
        )
        # one that was told, and whose note of it has not been written yet, is none too many
        found["stray"] += sum(seq > conversations[each].last_seq for each, seq in there)
    return Comparison(**found)


def _conversations(records: Session) -> Iterator[dict[str, Any]]:
    last = ""
    while True:
        following = select(Conversation).where(Conversation.id > last).order_by(Conversation.id)
        rows = records.scalars(following.limit(COMPARED_AT_ONCE)).all()
        if not rows:
            return
        yield {row.id: row for row in rows}
        last = rows[-1].id
        records.expunge_all()


def _wanted(records: Session, conversations: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    """The lines that the store should hold, without the moment at which it took them."""
    messages = records.scalars(select(Message).where(Message.conversation_id.in_(list(conversations))))
    wanted = {}
    for message in messages:
        of = conversations[message.conversation_id]
        if message.seq <= of.told_seq:
            line = told.line_of(message, edition=of.edition, channel=of.channel, province=of.province)
            wanted[(line.conversation, line.seq)] = _columns(line)
    return wanted


def _columns(line: ToldLine) -> dict[str, Any]:
    return {**asdict(line), "options": list(line.options)}


def _row(line: ToldLine, now: datetime) -> dict[str, Any]:
    return {**_columns(line), "taken_at": now}
