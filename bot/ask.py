"""Questions from a terminal or a file, understood by the trained model as a person's would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from bot import hall
from bot.nlu.component import reading_taken
from faq.places import SERVED
from faq.reading import Reading

PROVINCES = {"广东": "gd", "广东省": "gd", "河南": "hn", "河南省": "hn"}


class Asker:
    """Loads the trained model once; every question stands alone."""

    def __init__(self, model: Path) -> None:
        self._agent = Agent.load(str(model))

    async def ask(self, line: str) -> Reading:
        """Read one line: a question, or a JSON object `{"text": …, "province"?: …, "channel"?: …}`."""
        asked = _asked(line)
        province = PROVINCES.get(str(asked.get("province")), asked.get("province"))
        taken: list[Reading] = []
        reading_taken.set(taken)
        assert self._agent.processor is not None
        await self._agent.processor.parse_message(
            UserMessage(
                str(asked.get("text", "")),
                input_channel=asked.get("channel"),
                metadata={"province": province if province in SERVED else None},
            )
        )
        return taken[0]

    def in_words(self, reading: Reading) -> str:
        """Return the answer as a person would read it, or what was decided instead."""
        book = hall.shelf().book()
        if reading.entry in book:
            return f"{book.answer(reading.entry or '').text}\n来源：{book.source(reading.entry or '')}\n"
        choices = [choice.label or book[choice.entry or ""].question for choice in reading.choices]
        return "\n".join([f"[{reading.decision.value}] {reading.intent}", *choices, ""])


def _asked(line: str) -> dict[str, Any]:
    line = line.rstrip("\n")
    if line.lstrip().startswith("{"):
        try:
            asked = json.loads(line)
        except ValueError:
            asked = None
        if isinstance(asked, dict) and isinstance(asked.get("text"), str):
            return asked
    return {"text": line}
