"""Training data of the book: its phrases stand in `faq/` only, and reach Rasa from there."""

from __future__ import annotations

from typing import Any

from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, METADATA, METADATA_EXAMPLE, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from faq.book import load_files
from faq.ranking import ENTRY
from faq.understanding import book_examples


class BookImporter(RasaFileImporter):
    """Rasa's own importer, with an example for every question, phrase and vague question of the book."""

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        return super().get_nlu_data(language).merge(TrainingData(training_examples=_examples()))


def _examples() -> list[Message]:
    return [
        _message(example.text, example.label)
        for example in dict.fromkeys(book_examples(load_files()))
        if example.text.strip()
    ]


def _message(text: str, label: str) -> Message:
    data: dict[str, Any] = {
        TEXT: text,
        INTENT: "ask_faq" if label.startswith(ENTRY) else "ask_which",
        METADATA: {METADATA_EXAMPLE: {"label": label}},
    }
    return Message(data=data)
