"""What is taught, and what is asked: the book with the training data, and the sets that are for measuring only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from faq.book import load_files
from faq.ranking import INTENT, OUTSIDE, Example, label_of
from faq.understanding import book_examples

ROOT = Path(__file__).resolve().parents[2]
MEASURING = ROOT / "tests" / "understanding"


def dialogue_examples() -> list[Example]:
    """Return the examples of `data/nlu`, labelled as the understanding component labels them."""
    examples = []
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            subject = (block.get("metadata") or {}).get("subject")
            label = label_of(OUTSIDE, subject) if subject else label_of(INTENT, block["intent"])
            for line in block["examples"].splitlines():
                text = line.strip().removeprefix("- ").strip()
                if text:
                    examples.append(Example(text, label))
    return examples


def taught() -> list[Example]:
    """Return everything that a ranker of this book is trained on."""
    return [*dialogue_examples(), *dict.fromkeys(book_examples(load_files()))]


def measuring(name: str) -> list[dict[str, Any]]:
    """Return a set of the development questions: `utterances`, `oos` or `ambiguous`."""
    lines = (MEASURING / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]
