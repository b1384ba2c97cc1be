"""Rasa's memory of a conversation: short to read, complete on disk, shared by processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rasa.core.agent import Agent
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import create_engine, event, text

from bot.tracker_store import (
    MOST_IN_MEMORY,
    READ_BACK,
    RecentTrackerStore,
    WrittenMeanwhile,
    without_fallback,
)
from tests.conftest import ROOT

DOMAIN = Domain.load(str(ROOT / "domain.yml"))
Open = Callable[..., SQLTrackerStore]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens stores of one database, as several processes do."""
    stores: list[SQLTrackerStore] = []

    def another(kind: type[SQLTrackerStore] = RecentTrackerStore) -> SQLTrackerStore:
        stores.append(kind(host=f"sqlite:///{tmp_path / 'tracker.db'}", domain=DOMAIN))
        return stores[-1]

    yield another
    for store in stores:
        store.engine.dispose()


def turn(store: SQLTrackerStore, said: str, *slots: SlotSet, sender: str = "c1") -> DialogueStateTracker:
    """What Rasa does in a turn: fetch, append, save."""
    tracker = asyncio.run(store.get_or_create_tracker(sender))
    for each in (UserUttered(said), *slots, ActionExecuted("utter_answer"), ActionExecuted("action_listen")):
        tracker.update(each)
    asyncio.run(store.save(tracker))
    return tracker


def said(store: SQLTrackerStore, sender: str = "c1") -> list[str]:
    tracker = asyncio.run(store.retrieve(sender))
    return [each.text for each in tracker.events if isinstance(each, UserUttered)]


def test_nothing_is_known_of_a_conversation_that_never_was(opened: Open) -> None:
    assert asyncio.run(opened().retrieve("c1")) is None


def test_a_conversation_is_what_rasas_own_store_reads_too(opened: Open) -> None:
    store = opened()
    for number in range(5):
        turn(store, f"第{number}句", SlotSet("flow", str(number)))

    ours, theirs = (asyncio.run(each.retrieve("c1")) for each in (opened(), opened(SQLTrackerStore)))

    assert list(ours.events) == list(theirs.events)
    assert ours.current_slot_values() == theirs.current_slot_values()


def test_every_event_is_kept_and_only_the_recent_ones_are_read(opened: Open) -> None:
    store = opened()
    for number in range(MOST_IN_MEMORY):
        turn(store, f"第{number}句")

    whole = asyncio.run(opened(SQLTrackerStore).retrieve("c1"))
    read = asyncio.run(opened().retrieve("c1"))

    assert len(said(opened(SQLTrackerStore))) == MOST_IN_MEMORY
    assert list(read.events) == list(whole.events)[-READ_BACK:]
    assert len(asyncio.run(store.retrieve("c1")).events) <= MOST_IN_MEMORY


def test_a_slot_set_long_ago_is_still_known(opened: Open) -> None:
    store = opened()
    turn(store, "河南的", SlotSet("province", "gd"), SlotSet("flow", "first"))
    turn(store, "不，广东的", SlotSet("province", "hn"))
    for number in range(READ_BACK):
        turn(store, f"第{number}句")
    turn(store, "最后", SlotSet("flow", "last"))

    read = asyncio.run(opened().retrieve("c1"))

    assert (read.get_slot("province"), read.get_slot("flow")) == ("hn", "last")


def test_what_was_read_back_with_its_slots_is_not_stored_again(opened: Open) -> None:
    first = opened()
    turn(first, "河南的", SlotSet("province", "hn"))
    for number in range(READ_BACK):
        turn(first, f"第{number}句")
    turn(opened(), "又来了")

    whole = asyncio.run(opened(SQLTrackerStore).retrieve("c1"))
    assert len(whole.events) == 1 + 4 + 3 * READ_BACK + 3  # Rasa begins a conversation with one of its own


def test_a_turn_of_another_process_is_seen(opened: Open) -> None:
    one, other = opened(), opened()
    turn(one, "一")
    turn(other, "二", SlotSet("province", "hn"))

    assert said(one) == ["一", "二"]
    assert turn(one, "三").get_slot("province") == "hn"
    assert said(other) == ["一", "二", "三"]


def test_a_turn_that_failed_before_it_was_saved_leaves_nothing_behind(opened: Open) -> None:
    store = opened()
    turn(store, "一")
    asyncio.run(store.retrieve("c1")).update(UserUttered("没有存下"))

    assert said(store) == ["一"]


def test_conversations_do_not_meet(opened: Open) -> None:
    store = opened()
    turn(store, "一", SlotSet("province", "hn"), sender="c1")
    turn(store, "二", sender="c2")

    assert said(store, "c2") == ["二"]
    assert asyncio.run(store.retrieve("c2")).get_slot("province") is None


def test_a_warm_conversation_costs_one_question_to_the_database(opened: Open) -> None:
    store = opened()
    turn(store, "一")
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    asyncio.run(store.retrieve("c1"))

    assert len(asked) == 1
    assert "max(" in asked[0]


def test_the_recent_events_and_the_slots_are_found_by_index(opened: Open, tmp_path: Path) -> None:
    opened()
    engine = create_engine(f"sqlite:///{tmp_path / 'tracker.db'}", future=True)
    with engine.connect() as connection:

        def plan(query: str) -> str:
            rows = connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
            return json.dumps([tuple(row) for row in rows])

        recent = plan("SELECT data FROM events WHERE sender_id = 'c' ORDER BY id DESC LIMIT 9")
        slot = plan(
            "SELECT data FROM events WHERE sender_id = 'c' AND type_name = 'slot' AND action_name = 'flow'"
            " AND id < 7 ORDER BY id DESC LIMIT 1"
        )
    engine.dispose()
    assert "ix_events_recent" in recent
    assert "ix_events_slots" in slot
    assert "TEMP B-TREE" not in recent + slot


def test_who_was_overtaken_writes_nothing_and_the_other_goes_on(opened: Open) -> None:
    slow, fast = opened(), opened()
    turn(slow, "你好")
    overtaken = asyncio.run(slow.get_or_create_tracker("c1"))
    overtaken.update(UserUttered("慢的一句"))
    turn(fast, "快的一句")

    with pytest.raises(WrittenMeanwhile):
        asyncio.run(slow.save(overtaken))

    turn(slow, "下一句")
    assert said(fast) == said(slow) == ["你好", "快的一句", "下一句"]


def test_rasa_puts_nothing_around_it_that_forgets_when_it_fails() -> None:
    without_fallback()

    store = RecentTrackerStore.__new__(RecentTrackerStore)
    assert Agent._create_tracker_store(store, DOMAIN) is store
