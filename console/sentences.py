"""What people are told, in the words of `data/responses/`: staff see, and send, the same sentences as the bot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from flask import current_app

from hrss.errors import Refusal

RESPONSES = Path(__file__).parent.parent / "data" / "responses"


class Sentences:
    def __init__(self, responses: Path) -> None:
        self._said: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(responses.glob("*.yml")):
            self._said.update(yaml.safe_load(path.read_text(encoding="utf-8"))["responses"])

    def __call__(self, name: str, **facts: Any) -> str:
        text: str = self._said[name][0]["text"]
        return text.format(**facts)


def sentence(name: str, **facts: Any) -> str:
    said: Sentences = current_app.extensions["hrss.sentences"]
    return said(name, **facts)


def refusal(refused: Refusal) -> str:
    """Say why the business refuses."""
    return sentence(f"utter_refused_{refused.key}", **refused.facts)
