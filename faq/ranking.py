"""
Which label a text deserves, with what probability: the trained part of understanding.

A label is one of four kinds: an entry of the book, a question back for what is too vague, an intent of the dialogue,
or a subject that lies outside. Two views vote: the examples that lie around the text in a learned space, and a logistic regression
on its letters. What a text asks counts twice beside what it tells. Its sentence vector is asked for only when they are unsure without. Places of the
provinces served count for nothing: whose rules are meant is read apart from it, and their names lean to the entries that happen to have many.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from faq.encoders import Vectors, encoder
from faq.features import Scale, letters_and_pairs, matter, matter_of, told_and_asked
from faq.space import Space

ENTRY, VAGUE, INTENT, OUTSIDE = "entry", "vague", "intent", "outside"

ROUNDS_ON_LETTERS = 8  # of fitting the regression; more rank hardly better
BATCH = 128  # texts that the encoder is given at once
LETTERS = np.float32(0.6)  # what the letters say beside the space, in the exponent
CLEAR = 0.9  # lead of the best label, in probability, from which on the sentence vector is not asked for
LEAST = np.float32(1e-9)  # probability of a label that the letters do not rule out
Scores = npt.NDArray[np.float32]


class Example(NamedTuple):
    text: str
    label: str


def label_of(kind: str, name: str) -> str:
    return f"{kind}:{name}"


class Letters:
    """A logistic regression on single letters and pairs: `power` is the logarithm of every label's probability."""

    def __init__(self, texts: Sequence[str], wanted: npt.NDArray[np.int_]) -> None:
        self._scale = Scale(letters_and_pairs)
        model = LogisticRegression(C=10, max_iter=ROUNDS_ON_LETTERS, solver="saga", random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the rounds are counted, see above
            model.fit(self._scale.learn(texts), wanted)
        # half precision is enough to tell labels apart, and makes a model smaller
        self._weights = model.coef_.T.astype(np.float16, order="C")
        self._bias = model.intercept_.astype(np.float32)

    def power(self, text: str) -> Scores:
        return np.log(_shares(self._scale.weigh(text).on(self._weights) + self._bias) + LEAST)


class Ranker:
    """Trained on examples; `scores` reads one cleaned text."""

    def __init__(self, *, encoder_name: str | None = "universal") -> None:
        self.encoder_name = encoder_name
        self.labels: list[str] = []
        self._known: dict[str, int] = {}  # the matter of the examples, each with its row below
        self._vectors = np.empty((0, 0), dtype=np.float16)
        self.remembered: Mapping[str, Vectors] = {}  # of texts that are only asked

    @property
    def vectors(self) -> Mapping[str, Vectors]:
        """The sentence vectors of the examples, by their matter."""
        return {text: self._vectors[row].astype(np.float32) for text, row in self._known.items()}

    def fit(self, examples: Iterable[Example], known: Mapping[str, Vectors] | None = None) -> Ranker:
        """Train on examples; `known` holds sentence vectors that need not be computed again, by matter."""
        pairs = list(dict.fromkeys((matter(example.text), example.label) for example in examples))
        texts, names = [text for text, _ in pairs], [label for _, label in pairs]
        self.labels = sorted(set(names))
        place = {label: number for number, label in enumerate(self.labels)}
        wanted = np.array([place[name] for name in names])
        with ThreadPoolExecutor() as pool:  # fitting lets go of the interpreter
            by_letters = pool.submit(Letters, texts, wanted)
            self._scale = Scale(told_and_asked)
            counted = self._scale.learn(texts)
            self._space = Space(counted, self._vectors_of(texts, known or {}), wanted)
            self._letters = by_letters.result()
        return self

    def _vectors_of(self, texts: Sequence[str], known: Mapping[str, Vectors]) -> Vectors:
        """Return the sentence vectors of the examples, a row each; keep them once for every text."""
        if not self.encoder_name:
            return np.empty((len(texts), 0), dtype=np.float32)
        self._known = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        missing = [text for text in self._known if text not in known]
        batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            fresh = dict(zip(missing, chain.from_iterable(pool.map(self._encode, batches))))
        vectors = np.vstack([known[text] if text in known else fresh[text] for text in self._known])
        self._vectors = vectors.astype(np.float16)
        return np.asarray(vectors[[self._known[text] for text in texts]])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return encoder(self.encoder_name or "").encode(texts)

    def _vector_of(self, text: str) -> Vectors:
        if text in self._known:
            return self._vectors[self._known[text]].astype(np.float32)
        known = self.remembered.get(text)
        return self._encode([text])[0] if known is None else known

    def scores(self, cleaned: str) -> dict[str, float]:
        """Return the probability of every label for a cleaned text; they sum to one."""
        text = matter_of(cleaned)
        counted, by_letters = self._scale.weigh(text), LETTERS * self._letters.power(text)
        shares = _shares(self._space.power(counted) + by_letters)
        if self.encoder_name and not _is_clear(shares):
            shares = _shares(self._space.power(counted, self._vector_of(text)) + by_letters)
        return dict(zip(self.labels, shares.tolist()))

    def wake(self) -> None:
        """Load what is loaded at its first use, which takes seconds: the dictionary and the encoder."""
        told_and_asked("怎么登录")
        if self.encoder_name:
            encoder(self.encoder_name).encode(["怎么登录"])

    def save(self, path: Path) -> None:
        joblib.dump(self, path, compress=1)

    @staticmethod
    def load(path: Path) -> Ranker:
        ranker: Ranker = joblib.load(path)
        return ranker


def _is_clear(shares: Scores) -> bool:
    second, first = np.partition(shares, -2)[-2:]
    return bool(first - second >= CLEAR)


def _shares(power: Scores) -> Scores:
    """Return what each label has of the whole, by the exponents of its power."""
    weight = np.exp(power - power.max())
    return np.asarray(weight / weight.sum(), dtype=np.float32)
