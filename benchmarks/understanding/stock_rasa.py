"""Stock Rasa as a rival that is asked the questions."""

from __future__ import annotations

import asyncio

from rasa.core.agent import Agent

from benchmarks.stock_rasa import label, trained
from benchmarks.understanding.rivals import Guess, entries_of


class StockRasa:
    """Of `rasa_diet` the intents are ranked, of `rasa_selector` the responses of its one retrieval intent."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self._agent = Agent.load(str(trained(pipeline)))

    def guess(self, text: str, province: str | None) -> Guess:
        read = asyncio.run(self._agent.parse_message(text))
        intent = str(read["intent"]["name"])
        if self.pipeline == "rasa_diet":
            ranking = {label(each["name"]): each["confidence"] for each in read["intent_ranking"]}
            answered = ranking.get(label(intent), 0.0) if intent.startswith("entry_") else 0.0
            return Guess(entries_of(ranking, province), answered)
        found = read["response_selector"]["faq"]["ranking"]
        ranking = {label(each["intent_response_key"].split("/", 1)[1]): each["confidence"] for each in found}
        answered = read["intent"]["confidence"] * max(ranking.values()) if intent == "faq" else 0.0
        return Guess(entries_of(ranking, province), answered)
