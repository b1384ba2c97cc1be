"""What a person has been shown in a conversation, read from Rasa's tracker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import BotUttered, Restarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

RECENT = 60  # messages of the person that are looked at; nobody steps back further


@dataclass(frozen=True)
class Shown:
    """An entry (perhaps one step of it) or a screen."""

    entry: str | None = None
    screen: str | None = None
    step: int | None = None


@dataclass(frozen=True)
class Told:
    """What one turn was answered with, as Rasa drafts, and how its message was read."""

    drafts: list[dict[str, Any]]
    reading: dict[str, Any] | None


def told_in(tracker: DialogueStateTracker, turn_id: str) -> Told | None:
    """Return what Rasa remembers of having said in this turn; None when it does not know of the turn."""
    drafts: list[dict[str, Any]] = []
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered):
            drafts.insert(0, event.message())
        elif isinstance(event, UserUttered):
            if event.metadata.get("turn") == turn_id:
                return Told(drafts, (event.parse_data or {}).get("reading"))
            drafts = []
    return None


def last_reading(tracker: DialogueStateTracker) -> dict[str, Any] | None:
    """Return the reading of the person's last message."""
    message = tracker.latest_message
    reading: dict[str, Any] | None = (message.parse_data or {}).get("reading") if message else None
    return reading


def shown_last(tracker: DialogueStateTracker) -> Shown | None:
    path = _path(tracker)
    return path[-1] if path else None


def shown_before(tracker: DialogueStateTracker) -> Shown | None:
    """Return what a step back leads to."""
    path = _path(tracker)
    return path[-2] if len(path) > 1 else None


def _path(tracker: DialogueStateTracker) -> list[Shown]:
    """Return what was shown, oldest first; steps back have taken away what they left."""
    path: list[Shown] = []
    for reading in reversed(list(recent_readings(tracker))):
        shown = Shown(reading.get("entry"), reading.get("screen"), reading.get("step"))
        if reading.get("intent") == "show_menu":
            shown = Shown(screen="menu")
        if reading.get("intent") == "which_account":
            shown = Shown(screen="guide")
        if reading.get("intent") == "step_back":
            del path[-2:]
        if shown != Shown() and (not path or path[-1] != shown):
            path.append(shown)
    return path


def recent_readings(tracker: DialogueStateTracker) -> Iterator[dict[str, Any]]:
    """Yield the readings of the recent messages, newest first, back to the last restart."""
    found = 0
    for event in reversed(tracker.events):
        if isinstance(event, Restarted) or found >= RECENT:
            return
        if isinstance(event, UserUttered) and (event.parse_data or {}).get("reading"):
            found += 1
            yield event.parse_data["reading"]
