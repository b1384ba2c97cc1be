"""
Rasa's memory of a conversation, kept short: what a turn costs does not depend on how many came before.

Rasa's own store reads a conversation's whole history before every turn. What staff read is in our transcripts, and what
a flow knows is in a slot, so a turn needs the last events only, and every slot's last value.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from rasa.core.agent import Agent
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool

from hrss.database import lock, patience

READ_BACK = 120  # events, about fifteen turns
MOST_IN_MEMORY = 360  # events of one conversation; then it is read back again, short
CONVERSATIONS_IN_MEMORY = 1000


class WrittenMeanwhile(Exception):
    """Another process went on with this conversation: what this one made of the turn no longer counts."""


def without_fallback() -> None:
    """
    Keep Rasa from going on without its memory when the database fails.

    Around every tracker store Rasa puts one that begins a conversation anew when it cannot be read, and keeps what
    cannot be written in the memory of its process, for good. Somebody in the middle of a form would be forgotten; so
    the turn fails, and is answered when the database is back.
    """
    Agent._create_tracker_store = staticmethod(_as_it_is)


def _as_it_is(store: TrackerStore, domain: Domain) -> TrackerStore:
    store.domain = domain
    return store


INDEXES = (
    "CREATE INDEX IF NOT EXISTS ix_events_recent ON events (sender_id, id)",
    "CREATE INDEX IF NOT EXISTS ix_events_slots ON events (sender_id, action_name, id)"
    f" WHERE type_name = '{SlotSet.type_name}'",
)


class RecentTrackerStore(SQLTrackerStore):
    """
    Keeps every event, reads back the recent ones, and none at all while this process saw the last turn itself.

    A conversation in memory is used only when the database holds nothing newer, and nothing is written after what
    somebody else wrote since it was read: any number of processes may share the database.
    """

    def __init__(self, *given: Any, **settings: Any) -> None:
        self.engine: Any
        super().__init__(*given, **settings)
        self.engine.dispose()
        self.engine = _engine(self.engine.url)
        self.sessionmaker = sessionmaker(bind=self.engine)
        self._insert = sa.insert(self.SQLEvent)
        of_sender = self.SQLEvent.sender_id == sa.bindparam("sender_id")
        self._last_id = sa.select(sa.func.max(self.SQLEvent.id)).where(of_sender)
        self._warm: OrderedDict[str, tuple[int, DialogueStateTracker]] = OrderedDict()
        with self.engine.connect() as connection:
            for index in INDEXES:
                connection.execute(sa.text(index))

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        # taken out, not lent: a turn that fails before it is saved must not be remembered
        last_id, tracker = self._warm.pop(sender_id, (None, None))
        with self.engine.connect() as connection:
            newest = self._newest(connection, sender_id)
            if newest is None:
                return None
            if tracker is not None and newest == last_id:
                return tracker
            events = list(self._recent(connection, sender_id))
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        _stored(tracker, len(tracker.events), newest)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        new = list(islice(tracker.events, _stored(tracker), None))
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, new, tracker.sender_id)
        rows = [_row(tracker.sender_id, event) for event in new]
        with self.engine.begin() as connection:
            lock(connection, f"tracker {tracker.sender_id}")
            if self._newest(connection, tracker.sender_id) != _stored_up_to(tracker):
                raise WrittenMeanwhile
            if rows:
                connection.execute(self._insert, rows)
            last_id = self._newest(connection, tracker.sender_id)
        _stored(tracker, len(tracker.events), last_id)
        if last_id is not None and len(tracker.events) <= MOST_IN_MEMORY:
            self._warm[tracker.sender_id] = (last_id, tracker)
            while len(self._warm) > CONVERSATIONS_IN_MEMORY:
                self._warm.popitem(last=False)

    def _newest(self, connection: Any, sender_id: str) -> int | None:
        found: int | None = connection.scalar(self._last_id, {"sender_id": sender_id})
        return found

    def _recent(self, connection: Any, sender_id: str) -> Iterable[dict[str, Any]]:
        """Yield the last value of every slot that was set before the recent events, then these."""
        event = self.SQLEvent
        of_conversation = event.sender_id == sender_id
        recent = connection.execute(
            sa.select(event.id, event.data).where(of_conversation).order_by(event.id.desc()).limit(READ_BACK)
        ).all()
        oldest = recent[-1].id
        if len(recent) == READ_BACK:
            yield from self._slots_before(connection, sender_id, oldest)
        for row in reversed(recent):
            yield json.loads(row.data)

    def _slots_before(self, connection: Any, sender_id: str, oldest: int) -> Iterator[dict[str, Any]]:
        event = self.SQLEvent
        for slot in self.domain.slots:
            data = connection.scalar(
                sa.select(event.data)
                .where(
                    event.sender_id == sender_id,
                    event.type_name == SlotSet.type_name,
                    event.action_name == slot.name,
                    event.id < oldest,
                )
                .order_by(event.id.desc())
                .limit(1)
            )
            if data is not None:
                yield json.loads(data)


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }


def _engine(url: Any) -> Any:
    """Rasa opens SQLite's file anew for every use, and finds out that PostgreSQL has closed a connection by failing."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=patience(url))
    # Whenever the last connection closes, SQLite folds its log into the file.
    engine = sa.create_engine(url, poolclass=QueuePool, connect_args={"check_same_thread": False})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # A killed process loses nothing by it. A power cut may take Rasa's last seconds, and then a flow asks again what
    # it had asked; what was said, answered and done is in the shared database, which waits for the disk.
    connection.execute("PRAGMA synchronous = NORMAL")


def _stored(tracker: DialogueStateTracker, now: int | None = None, up_to: int | None = None) -> int:
    """Return how many of a tracker's events the database holds; with a number, say so, and up to which row."""
    if now is not None:
        tracker.events_stored, tracker.stored_up_to = now, up_to
    return int(getattr(tracker, "events_stored", 0))


def _stored_up_to(tracker: DialogueStateTracker) -> int | None:
    found: int | None = getattr(tracker, "stored_up_to", None)
    return found
