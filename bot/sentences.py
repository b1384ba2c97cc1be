"""The sentences of `data/responses/` that channels say themselves, outside a turn of the dialogue."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hrss.errors import Refusal

RESPONSES = Path(__file__).parent.parent / "data" / "responses"


@cache
def _responses() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(RESPONSES.glob("*.yml")):
        found.update(yaml.safe_load(path.read_text(encoding="utf-8"))["responses"])
    return found


def draft(name: str, /, *, channel: str | None = None, **facts: Any) -> dict[str, Any]:
    """Return a response, its blanks filled: `text`, and `buttons` where it has any; the channel's own, if it has one."""
    plain = [each for each in _responses()[name] if "condition" not in each]
    own = [each for each in plain if channel and each.get("channel") == channel]
    variation = [*own, *(each for each in plain if "channel" not in each)][0]
    return {**variation, "text": variation["text"].format(**facts)}


def sentence(name: str, /, **facts: Any) -> str:
    text: str = draft(name, **facts)["text"]
    return text


def refusal(refused: Refusal) -> str:
    """Say why the business refuses."""
    return sentence(f"utter_refused_{refused.key}", **refused.facts)
