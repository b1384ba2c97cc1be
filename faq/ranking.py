"""
Which label a text deserves, with what probability: the trained part of understanding.

A label is one of four kinds: an entry of the book, a question back for what is too vague, an intent of the dialogue,
or a subject that lies outside. Three views vote: margins by words, letters and concepts, a logistic regression on the
letters alone, and the nearest examples by sentence vector. What a text asks counts twice
beside what it tells, in the words and in the vector. The vector is asked for only when the words are unsure. Places of the
provinces served count for nothing: whose rules are meant is read apart from it, and their names lean to the entries that happen to have many.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from faq.asking import asked
from faq.book import HERE, read_yaml
from faq.clean import clean
from faq.encoders import Vectors, encoder
from faq.places import without_places
from faq.segmenter import segmenter

ENTRY, VAGUE, INTENT, OUTSIDE = "entry", "vague", "intent", "outside"

NEAREST = 3  # examples of a label that speak for it
ROUNDS_ON_LETTERS = 15  # of fitting the regression; more rank no better
BATCH = 128  # texts that the encoder is given at once
LEAST = 1e-9  # probability of a label that the regression does not rule out
_NUMBER = re.compile(r"[0-9][0-9a-z]{7,}")  # of a case, an organization, an order: nothing of the matter
Scores = npt.NDArray[np.float32]


class Example(NamedTuple):
    text: str
    label: str


@dataclass(frozen=True)
class Blend:
    """
    How much each view says, as factors of its score in the exponent; fitted on held-out folds of the examples
    and on the voices of the book left out in turn (`docs/decisions/0004-understanding.md`, `0016-people-never-met.md`).

    `words_alone` is the factor when the vector was not asked for: when the words' best label leads by `clear`.
    """

    words: float = 3.5
    letters: float = 1.3
    nearest: float = 10.0
    words_alone: float = 10.0
    clear: float = 0.5


def label_of(kind: str, name: str) -> str:
    return f"{kind}:{name}"


@cache
def _concepts() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(said) for name, said in read_yaml(HERE / "lexicon" / "concepts.yml").items()}


def concepts(text: str) -> list[str]:
    """Return the concepts of `faq/lexicon/concepts.yml` that a cleaned text speaks of."""
    return [name for name, said in _concepts().items() if said.search(text)]


def features(text: str) -> list[str]:
    """Return words, letters, pairs of letters, concepts and pairs of concepts of a cleaned text."""
    named = concepts(text)
    found = [f"w {word}" for word in segmenter().lcut(text) if word.strip()]
    found.extend(text)
    found.extend(text[start : start + 2] for start in range(len(text) - 1))
    found.extend(f"c {concept}" for concept in named)
    found.extend(f"cc {first} {second}" for first, second in combinations(named, 2))
    return found


def matter(text: str) -> str:
    """Return what is ranked of a text: cleaned, without what only says whose rules are meant, or who someone is."""
    return _matter_of(clean(text))


def _matter_of(cleaned: str) -> str:
    return without_places(_NUMBER.sub(" ", cleaned).strip() or cleaned)


def told_and_asked(text: str) -> list[str]:
    """Return the features of a cleaned text, and once more those of what it asks."""
    found, question = features(text), asked(text)
    return found + [f"? {feature}" for feature in (found if question == text else features(question))]


class Votes(NamedTuple):
    """What each view says of a text, by label; the last is None when the words were clear or there is no encoder."""

    words: Scores
    letters: Scores
    nearest: Scores | None = None


class Linear:
    """A linear model on what a vectorizer counts: `power` says how much speaks for every label."""

    def __init__(
        self,
        vectorizer: TfidfVectorizer,
        model: LinearSVC | LogisticRegression,
        texts: Sequence[str],
        wanted: npt.NDArray[np.int_],
    ) -> None:
        weights, self._bias = _weights(model, vectorizer.fit_transform(texts), wanted)
        self._weights = weights.astype(
            np.float16
        )  # enough to tell labels apart, and the largest part of a model
        self._features = vectorizer.build_analyzer()
        self._numbers: Mapping[str, int] = vectorizer.vocabulary_
        self._rarity = vectorizer.idf_.astype(np.float32)

    def power(self, cleaned: str) -> Scores:
        """Weigh one text as the vectorizer does, without its checks and matrices, which took most of the time."""
        known = map(self._numbers.get, self._features(cleaned))
        counted = Counter(number for number in known if number is not None)
        if not counted:
            return self._bias
        numbers = np.fromiter(counted.keys(), dtype=np.intp)
        weights = (1 + np.log(np.fromiter(counted.values(), dtype=np.float32))) * self._rarity[numbers]
        rows = self._weights[numbers].astype(np.float32)
        return np.asarray((weights / np.linalg.norm(weights)) @ rows + self._bias)


class Ranker:
    """Trained on examples; `scores` reads one cleaned text."""

    def __init__(self, *, blend: Blend | None = None, encoder_name: str | None = "universal") -> None:
        self.blend = blend or Blend()
        self.encoder_name = encoder_name
        self.labels: list[str] = []
        self._texts: dict[str, int] = {}  # of the examples, each with its row below
        self._rows: Vectors = np.empty((0, 0), dtype=np.float32)
        self.remembered: Mapping[str, npt.NDArray[np.float32]] = {}  # of texts that are only asked

    @property
    def vectors(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """The sentence vectors of the examples, by their matter."""
        return {text: self._rows[row] for text, row in self._texts.items()}

    def fit(
        self, examples: Iterable[Example], known: Mapping[str, npt.NDArray[np.float32]] | None = None
    ) -> Ranker:
        """Train on examples; `known` holds sentence vectors that need not be computed again, by matter."""
        pairs = list(dict.fromkeys((matter(example.text), example.label) for example in examples))
        texts, names = [text for text, _ in pairs], [label for _, label in pairs]
        self.labels = sorted(set(names))
        place = {label: number for number, label in enumerate(self.labels)}
        wanted = np.array([place[name] for name in names])

        counted = {"min_df": 2, "sublinear_tf": True, "dtype": np.float32}
        with warnings.catch_warnings(), ThreadPoolExecutor() as pool:  # fitting lets go of the interpreter
            warnings.simplefilter("ignore", ConvergenceWarning)  # the rounds are counted, see above
            words = pool.submit(
                Linear,
                TfidfVectorizer(analyzer=told_and_asked, **counted),
                LinearSVC(C=0.5, random_state=0),
                texts,
                wanted,
            )
            letters = pool.submit(
                Linear,
                TfidfVectorizer(analyzer="char", ngram_range=(1, 2), **counted),
                LogisticRegression(C=10, max_iter=ROUNDS_ON_LETTERS, solver="saga", random_state=0),
                texts,
                wanted,
            )
            if self.encoder_name:
                self._fit_vectors(texts, wanted, known or {})
            self._words, self._letters = words.result(), letters.result()
        return self

    def _fit_vectors(
        self, texts: Sequence[str], wanted: npt.NDArray[np.int_], known: Mapping[str, npt.NDArray[np.float32]]
    ) -> None:
        self._texts = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        missing = [text for text in self._texts if text not in known]
        batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            fresh = dict(zip(missing, chain.from_iterable(pool.map(self._encode, batches))))
        self._rows = np.vstack([known[text] if text in known else fresh[text] for text in self._texts])
        rows = np.array([self._texts[text] for text in texts])
        order = np.argsort(wanted, kind="stable")
        counts = np.bincount(wanted, minlength=len(self.labels))
        starts = np.cumsum(counts) - counts
        # for every label the rows of its examples; what is left over points behind the last row, to what is infinitely far
        place = np.arange(max(counts.max(), NEAREST))
        of_label = np.append(rows[order], len(self._rows))
        self._places = of_label[np.where(place < counts[:, None], starts[:, None] + place, len(rows))]
        self._counted = np.minimum(counts, NEAREST).astype(np.float32)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Return a unit vector for every cleaned text: halfway between the whole and what it asks."""
        encode = encoder(self.encoder_name or "").encode
        wholes, questions = encode(texts), [asked(text) for text in texts]
        apart = [place for place, text in enumerate(texts) if questions[place] != text]
        if not apart:
            return wholes
        halfway = wholes.copy()
        halfway[apart] += encode([questions[place] for place in apart])
        return np.asarray(halfway / np.linalg.norm(halfway, axis=1, keepdims=True))

    def votes(self, cleaned: str) -> Votes:
        cleaned = _matter_of(cleaned)
        words, letters = self._words.power(cleaned), _log_of_shares(self._letters.power(cleaned))
        if not self.encoder_name:
            return Votes(words, letters)
        first, second = np.partition(words, -2)[-2:][::-1]
        if first - second >= self.blend.clear:
            return Votes(words, letters)
        row = self._vector_of(cleaned)
        return Votes(words, letters, self._nearest(row))

    def _vector_of(self, text: str) -> npt.NDArray[np.float32]:
        if text in self._texts:
            return self._rows[self._texts[text]]
        known = self.remembered.get(text)
        return self._encode([text])[0] if known is None else known

    def _nearest(self, row: npt.NDArray[np.float32]) -> Scores:
        """Return how near the nearest examples of every label are, on average."""
        near = np.append(self._rows @ row, np.float32(-np.inf))[self._places]
        best = np.partition(near, -NEAREST, axis=1)[:, -NEAREST:]
        return np.asarray(best.sum(axis=1, where=np.isfinite(best)) / self._counted)

    def blended(self, votes: Votes) -> Scores:
        """Return the probability of every label."""
        blend = self.blend
        if votes.nearest is None:
            return _shares(blend.words_alone * votes.words)
        return _shares(
            blend.words * votes.words + blend.letters * votes.letters + blend.nearest * votes.nearest
        )

    def scores(self, cleaned: str) -> dict[str, float]:
        """Return the probability of every label for a cleaned text; they sum to one."""
        return dict(zip(self.labels, self.blended(self.votes(cleaned)).tolist()))

    def wake(self) -> None:
        """Load what is loaded at its first use, which takes seconds: the dictionary and the encoder."""
        features("怎么登录")
        if self.encoder_name:
            encoder(self.encoder_name).encode(["怎么登录"])

    def save(self, path: Path) -> None:
        joblib.dump(self, path, compress=1)

    @staticmethod
    def load(path: Path) -> Ranker:
        ranker: Ranker = joblib.load(path)
        return ranker


def _weights(model: Any, rows: Any, wanted: npt.NDArray[np.int_]) -> tuple[Vectors, Scores]:
    """Fit a linear model; return the weight of every feature for every label, and the labels' own."""
    model.fit(rows, wanted)
    return np.ascontiguousarray(model.coef_.T, dtype=np.float32), model.intercept_.astype(np.float32)


def _shares(power: Scores) -> Scores:
    """Return what each label has of the whole, by the exponents of its power."""
    weight = np.exp(power - power.max())
    return np.asarray(weight / weight.sum(), dtype=np.float32)


def _log_of_shares(power: Scores) -> Scores:
    return np.asarray(np.log(_shares(power) + LEAST), dtype=np.float32)
