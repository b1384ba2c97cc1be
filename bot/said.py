"""What a person can send to any channel: a text, an option that was offered, a photo that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sentences import sentence

PHOTO_GIVEN = '/inform{"field": "photo", "choice": "given"}'  # what a photo says to the flow that asked


@dataclass(frozen=True)
class Said:
    """What a person sent: a text, or an option by its label with the payload that the server kept."""

    text: str
    option: dict[str, Any] | None = None
    once: bool = False  # an option that is used up when it has been chosen


def of_option(offered: dict[str, Any]) -> Said:
    """An option as `hrss.conversations` keeps it; related questions can be asked again and again."""
    kept = {"id": offered["id"], "payload": offered["payload"]}
    return Said(offered["label"], kept, once=offered.get("style") != "related")


def of_photo(photo_id: str) -> Said:
    """A photo that is kept by now (`hrss.photos`)."""
    return Said(sentence("utter_photo_sent"), {"id": photo_id, "payload": PHOTO_GIVEN})
