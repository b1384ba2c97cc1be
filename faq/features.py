"""What is counted of a text when topics are ranked, and how much each of it weighs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer

from faq.asking import asked
from faq.book import HERE, read_yaml
from faq.clean import clean
from faq.places import without_places
from faq.segmenter import segmenter

_NUMBER = re.compile(r"[0-9][0-9a-z]{7,}")  # of a case, an organization, an order: nothing of the matter


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
    found.extend(letters_and_pairs(text))
    found.extend(f"c {concept}" for concept in named)
    found.extend(f"cc {first} {second}" for first, second in combinations(named, 2))
    return found


def told_and_asked(text: str) -> list[str]:
    """Return the features of a cleaned text, and once more those of what it asks."""
    found, question = features(text), asked(text)
    return found + [f"? {feature}" for feature in (found if question == text else features(question))]


def letters_and_pairs(text: str) -> list[str]:
    """Return single letters and pairs of a cleaned text."""
    return [*text, *(text[start : start + 2] for start in range(len(text) - 1))]


def matter(text: str) -> str:
    """Return what is ranked of a text: cleaned, without what only says whose rules are meant, or who someone is."""
    return matter_of(clean(text))


def matter_of(cleaned: str) -> str:
    """Return the same of a text that is cleaned already."""
    return without_places(_NUMBER.sub(" ", cleaned).strip() or cleaned)


class Weighed(NamedTuple):
    """The features of one text that are known, by number, and what each weighs; a row of unit length, or nothing."""

    numbers: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float32]

    def on(self, matrix: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
        """Return the sum of these rows of a matrix."""
        return np.asarray(self.weights @ matrix[self.numbers].astype(np.float32))


class Scale:
    """Weighs features by how rare they are among the examples: many texts by scikit-learn, one by its formula."""

    def __init__(self, analyzer: Callable[[str], list[str]]) -> None:
        self._analyzer = analyzer

    def learn(self, texts: Sequence[str]) -> Any:
        """Learn how rare features are; return the texts as a sparse matrix, a row each."""
        vectorizer = TfidfVectorizer(analyzer=self._analyzer, min_df=2, sublinear_tf=True, dtype=np.float32)
        rows = vectorizer.fit_transform(texts)
        self._numbers: Mapping[str, int] = vectorizer.vocabulary_
        self._rarity = vectorizer.idf_.astype(np.float32)
        return rows

    def weigh(self, text: str) -> Weighed:
        """Weigh one text; the vectorizer's checks and matrices took six times as long."""
        known = map(self._numbers.get, self._analyzer(text))
        counted = Counter(number for number in known if number is not None)
        numbers = np.fromiter(counted.keys(), dtype=np.intp)
        weights = (1 + np.log(np.fromiter(counted.values(), dtype=np.float32))) * self._rarity[numbers]
        return Weighed(numbers, weights / max(np.linalg.norm(weights), np.float32(1e-9)))
