"""Those who are asked the same questions: ours, and what else could be built on the same book and phrases."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import bm25s
import numpy as np
from rapidfuzz import fuzz, process
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from faq.clean import clean
from faq.encoders import encoder
from faq.features import features
from faq.ranking import ENTRY, Example

NEIGHBOURS = 200  # examples that the searching rivals look at


class Guess(NamedTuple):
    """Entries, best first, and how sure a rival is of answering with the first; 0 when it would answer nothing."""

    ranked: list[str]
    confidence: float


class Rival(Protocol):
    def guess(self, text: str, province: str | None) -> Guess: ...


def entries_of(scores: Mapping[str, float], province: str | None) -> list[str]:
    """Return the entries among the labels, best first, those of a province when one is given."""
    named = [(label.split(":", 1)[1], score) for label, score in scores.items() if label.startswith(ENTRY)]
    named.sort(key=lambda pair: -pair[1])
    return [entry for entry, _ in named if not province or entry.startswith(province)]


def guess_of(scores: Mapping[str, float], province: str | None) -> Guess:
    """Return the guess of a rival whose labels compete: it answers when the best label of all is an entry."""
    best = max(scores, key=lambda label: scores[label])
    return Guess(entries_of(scores, province), scores[best] if best.startswith(ENTRY) else 0.0)


class Ours:
    """The trained model behind `python -m bot ask --json`, with its own decision to answer, ask or decline."""

    def __init__(self) -> None:
        from bot import hall
        from bot.__main__ import newest_model
        from bot.ask import Asker
        from faq.shelf import stock

        self._folder = tempfile.TemporaryDirectory()  # of the book in the files, whatever is published here
        os.environ["DATABASE_URL"] = f"sqlite:///{self._folder.name}/hrss.db"
        hall.database().migrate()
        stock(hall.database())
        self._asker = Asker(newest_model())

    def guess(self, text: str, province: str | None) -> Guess:
        reading = asyncio.run(self._asker.ask(json.dumps({"text": text, "province": province})))
        ranked = [entry for entry, _ in reading.candidates]
        return Guess(ranked, reading.confidence if reading.entry else 0.0)


class Searching:
    """Finds the examples most like the question; `search` returns their places and likenesses."""

    def __init__(
        self,
        examples: Sequence[Example],
        search: Callable[[Sequence[str]], Callable[[str], Sequence[tuple[int, float]]]],
    ) -> None:
        self._labels = [example.label for example in examples]
        self._search = search([clean(example.text) for example in examples])

    def guess(self, text: str, province: str | None) -> Guess:
        scores: dict[str, float] = {}
        for place, likeness in self._search(clean(text)):
            label = self._labels[place]
            scores[label] = max(scores.get(label, 0.0), likeness)
        return guess_of(scores, province) if scores else Guess([], 0.0)


def by_letters(texts: Sequence[str]) -> Callable[[str], Sequence[tuple[int, float]]]:
    def search(text: str) -> Sequence[tuple[int, float]]:
        found = process.extract(text, texts, scorer=fuzz.ratio, limit=NEIGHBOURS)
        return [(place, likeness / 100) for _, likeness, place in found]

    return search


def by_bm25(texts: Sequence[str]) -> Callable[[str], Sequence[tuple[int, float]]]:
    index = bm25s.BM25()
    index.index([features(text) for text in texts], show_progress=False)

    def search(text: str) -> Sequence[tuple[int, float]]:
        places, likenesses = index.retrieve(
            [features(text)], k=min(NEIGHBOURS, len(texts)), show_progress=False
        )
        return [(int(place), float(likeness)) for place, likeness in zip(places[0], likenesses[0])]

    return search


def by_vector(texts: Sequence[str]) -> Callable[[str], Sequence[tuple[int, float]]]:
    rows = np.vstack(
        [encoder("universal").encode(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    )

    def search(text: str) -> Sequence[tuple[int, float]]:
        likenesses = rows @ encoder("universal").encode([text])[0]
        places = np.argpartition(-likenesses, min(NEIGHBOURS, len(rows) - 1))[:NEIGHBOURS]
        return [(int(place), float(likenesses[place])) for place in places]

    return search


class Regression:
    """TF-IDF of characters and logistic regression."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        rows = self._vectorizer.fit_transform([clean(example.text) for example in examples])
        self._model = LogisticRegression(C=10, max_iter=60).fit(rows, [example.label for example in examples])

    def guess(self, text: str, province: str | None) -> Guess:
        scores = self._model.predict_proba(self._vectorizer.transform([clean(text)]))[0]
        return guess_of(dict(zip(self._model.classes_, scores.tolist())), province)
