"""
Rasa's own components as rivals: trained on the same book and phrases, kept under `var/rivals` until the book changes.

Training takes minutes; `python -m benchmarks.understanding.stock_rasa` does it beforehand.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_nlu

from benchmarks.understanding.questions import ROOT, taught
from benchmarks.understanding.rivals import Guess, entries_of
from faq.book import load_files
from faq.ranking import ENTRY, Example

EPOCHS = int(os.environ.get("RASA_EPOCHS", "100"))
KEPT = ROOT / "var" / "rivals"
FEATURIZERS: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
# all labels ranked, so that the entries of a page's province can be picked from them
DIET = {
    "name": "DIETClassifier",
    "epochs": EPOCHS,
    "constrain_similarities": True,
    "ranking_length": 0,
    "random_seed": 0,
}
FALLBACK = {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1}
SELECTOR = {
    "name": "ResponseSelector",
    "epochs": EPOCHS,
    "retrieval_intent": "faq",
    "constrain_similarities": True,
    "ranking_length": 0,
    "random_seed": 0,
}
PIPELINES = {
    "rasa_diet": [*FEATURIZERS, DIET, {"name": "EntitySynonymMapper"}, FALLBACK],
    "rasa_selector": [*FEATURIZERS, DIET, {"name": "EntitySynonymMapper"}, SELECTOR, FALLBACK],
}


class StockRasa:
    """Entries are intents under `rasa_diet`, and responses of the one retrieval intent `faq` under `rasa_selector`."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self._agent = Agent.load(str(trained(pipeline, taught())))

    def guess(self, text: str, province: str | None) -> Guess:
        read = asyncio.run(self._agent.parse_message(text))
        intent = str(read["intent"]["name"])
        if self.pipeline == "rasa_diet":
            ranking = {each["name"]: each["confidence"] for each in read["intent_ranking"]}
            answered = ranking.get(intent, 0.0) if _named(intent) else 0.0
            return Guess(entries_of({_label(k): v for k, v in ranking.items()}, province), answered)
        found = read["response_selector"]["faq"]["ranking"]
        ranking = {_label(each["intent_response_key"].split("/", 1)[1]): each["confidence"] for each in found}
        answered = read["intent"]["confidence"] * max(ranking.values()) if intent == "faq" else 0.0
        return Guess(entries_of(ranking, province), answered)


def trained(pipeline: str, examples: Sequence[Example]) -> Path:
    """Return the model trained on the examples, training it when that has not been done."""
    digest = hashlib.sha256(json.dumps([PIPELINES[pipeline], examples]).encode()).hexdigest()[:12]
    model = KEPT / f"{pipeline}-{digest}.tar.gz"
    if model.exists():
        return model
    KEPT.mkdir(parents=True, exist_ok=True)
    config, data = KEPT / f"{pipeline}.yml", KEPT / f"{pipeline}-data.yml"
    config.write_text(
        yaml.safe_dump({"recipe": "default.v1", "language": "zh", "pipeline": PIPELINES[pipeline]}),
        encoding="utf-8",
    )
    data.write_text(
        yaml.safe_dump(training_data(pipeline, examples), allow_unicode=True, sort_keys=False, width=10_000),
        encoding="utf-8",
    )
    train_nlu(str(config), str(data), str(KEPT), fixed_model_name=model.name.removesuffix(".tar.gz"))
    return model


def training_data(pipeline: str, examples: Sequence[Example]) -> dict[str, Any]:
    of_intent: dict[str, list[str]] = {}
    for text, label in examples:
        kind, name = label.split(":", 1)
        if kind == ENTRY:
            intent = _intent(name) if pipeline == "rasa_diet" else f"faq/{_intent(name)}"
        else:
            intent = f"{kind}_{name}"
        of_intent.setdefault(intent, []).append(text.replace("\n", " "))
    data: dict[str, Any] = {"version": "3.1"}
    data["nlu"] = [
        {"intent": intent, "examples": "".join(f"- {_escaped(text)}\n" for text in texts)}
        for intent, texts in of_intent.items()
    ]
    if pipeline == "rasa_selector":
        data["responses"] = {
            f"utter_faq/{_intent(entry.id)}": [{"text": entry.answer}] for entry in load_files()
        }
    return data


def _escaped(text: str) -> str:
    """Keep Rasa from reading brackets as annotations of entities."""
    return text.replace("[", "【").replace("]", "】").replace("{", "（").replace("}", "）")


def _intent(entry_id: str) -> str:
    return f"entry_{entry_id}"


def _named(intent: str) -> bool:
    return intent.startswith("entry_")


def _label(intent: str) -> str:
    return f"{ENTRY}:{intent.removeprefix('entry_')}" if _named(intent) else intent


if __name__ == "__main__":
    for name in sys.argv[1:] or PIPELINES:
        print(trained(name, taught()))
