"""
Stock Rasa's model of the same book and phrases, as the benchmarks ask it and time it: an intent for every entry, a rule for every intent.

Training takes long, so a model is kept under `var/rivals` until book, phrases or `RASA_EPOCHS` change;
`python -m benchmarks.stock_rasa` trains beforehand.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.understanding.questions import ROOT, taught
from faq.book import load_files
from faq.ranking import ENTRY, Example

EPOCHS = int(os.environ.get("RASA_EPOCHS", "100"))
KEPT = ROOT / "var" / "rivals"
ENVIRONMENT = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
FEATURIZERS: list[dict[str, Any]] = [
    {"name": "JiebaTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
# all labels ranked, so that the entries of a page's province can be picked from them
LEARNING = {"epochs": EPOCHS, "constrain_similarities": True, "ranking_length": 0, "random_seed": 0}
DIET = {"name": "DIETClassifier", **LEARNING}
FALLBACK = {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1}
SELECTOR = {"name": "ResponseSelector", "retrieval_intent": "faq", **LEARNING}
PIPELINES = {
    "rasa_diet": [*FEATURIZERS, DIET, {"name": "EntitySynonymMapper"}, FALLBACK],
    "rasa_selector": [*FEATURIZERS, DIET, {"name": "EntitySynonymMapper"}, SELECTOR, FALLBACK],
}
USUAL = "rasa_diet"  # what is timed
NOT_UNDERSTOOD = "nlu_fallback"


def trained(pipeline: str) -> Path:
    """Return the model of a pipeline, training it when that has not been done."""
    examples = taught()
    digest = hashlib.sha256(json.dumps([PIPELINES[pipeline], examples]).encode()).hexdigest()[:12]
    model = KEPT / f"{pipeline}-{digest}.tar.gz"
    if model.exists():
        return model
    folder = KEPT / pipeline
    folder.mkdir(parents=True, exist_ok=True)
    nlu = _nlu(pipeline, examples)
    intents = [*dict.fromkeys(each["intent"].split("/")[0] for each in nlu), NOT_UNDERSTOOD]
    rules = [
        {"rule": intent, "steps": [{"intent": intent}, {"action": f"utter_{intent}"}]} for intent in intents
    ]
    for name, body in {
        "config.yml": {
            "recipe": "default.v1",
            "language": "zh",
            "assistant_id": "stock",
            "pipeline": PIPELINES[pipeline],
            "policies": [{"name": "RulePolicy"}],
        },
        "domain.yml": {"version": "3.1", "intents": intents, "responses": _responses(pipeline, intents)},
        "nlu.yml": {"version": "3.1", "nlu": nlu},
        "rules.yml": {"version": "3.1", "rules": rules},
    }.items():
        written = yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=10_000)
        (folder / name).write_text(written, encoding="utf-8")
    files = ["--domain", "domain.yml", "--config", "config.yml", "--data", "nlu.yml", "rules.yml"]
    subprocess.run(
        [sys.executable, "-m", "rasa", "train", *files, "--out", "..", "--fixed-model-name", model.name],
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
    )
    return model


def label(intent: str) -> str:
    """Return our name for what an intent of the rival's stands for."""
    return f"{ENTRY}:{intent.removeprefix('entry_')}" if intent.startswith("entry_") else intent


def _nlu(pipeline: str, examples: Sequence[Example]) -> list[dict[str, str]]:
    """Entries are intents under `rasa_diet`, and responses of the one retrieval intent `faq` under `rasa_selector`."""
    of_intent: dict[str, list[str]] = {}
    for text, taught_label in examples:
        kind, name = taught_label.split(":", 1)
        if kind != ENTRY:
            intent = f"{kind}_{name}"
        else:
            intent = f"entry_{name}" if pipeline == "rasa_diet" else f"faq/entry_{name}"
        of_intent.setdefault(intent, []).append(text.replace("\n", " "))
    return [
        {"intent": intent, "examples": "".join(f"- {_escaped(text)}\n" for text in texts)}
        for intent, texts in of_intent.items()
    ]


def _responses(pipeline: str, intents: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    answers = {f"entry_{entry.id}": entry.answer for entry in load_files()}
    said = {intent: answers.get(intent, intent) for intent in intents if intent != "faq"}
    if pipeline == "rasa_selector":
        said |= {f"faq/{intent}": answer for intent, answer in answers.items()}
    return {f"utter_{intent}": [{"text": text}] for intent, text in said.items()}


def _escaped(text: str) -> str:
    """Keep Rasa from reading brackets as annotations of entities."""
    return text.replace("[", "【").replace("]", "】").replace("{", "（").replace("}", "）")


if __name__ == "__main__":
    for each in sys.argv[1:] or PIPELINES:
        sys.stdout.write(f"{trained(each)}\n")
