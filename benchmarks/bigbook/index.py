"""
What a book of a hundred thousand questions would be searched with: an index that takes one change without being made anew.

Not a part of the product, whose ranker learns from many phrases of some eighty entries and looks at all of them. Here each
question stands alone: BM25 over the ranker's own features finds the fifty nearest, and sentence vectors, kept as bytes,
put them in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faq.features import features

K1, B = 1.5, 0.75  # of BM25
SHORTLIST = 50
MOST_POSTINGS = 120_000  # that are read for one text, the rarest features first; the common ones say least
CLEAR = (
    0.15  # by so much of its score the best is ahead: no vector is asked for (200 other questions chose it)
)
WORDS = 0.3  # what the words say beside the vector, their best being 1


class Index:
    """
    Finds the questions that share most with a text. What is added or taken away counts from the next search on.

    The weight of a feature and the usual length of a question are those of the day on which the index was made: one
    change, or some thousand, move them too little to matter.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(features(text)) for text in texts]
        self._usual = float(np.mean([sum(each.values()) for each in counted]))
        self._numbers: dict[str, int] = {}
        rows, columns, weights = [], [], []
        for place, each in enumerate(counted):
            for feature, weight in self._weighed(each).items():
                rows.append(self._numbers.setdefault(feature, len(self._numbers)))
                columns.append(place)
                weights.append(weight)
        order = np.argsort(np.array(rows, dtype=np.int32), kind="stable")
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(self._numbers)))))
        self._places = np.array(columns, dtype=np.int32)[order]
        self._weights = np.array(weights, dtype=np.float32)[order]
        common = np.diff(self._starts)
        self._rarity = np.log(1 + (len(texts) - common + 0.5) / (common + 0.5)).astype(np.float32)
        self._added: dict[str, list[tuple[int, float]]] = {}
        self._gone: list[int] = []
        self._size = len(texts)

    @property
    def megabytes(self) -> float:
        return (
            float(sum(each.nbytes for each in (self._places, self._weights, self._starts, self._rarity)))
            / 1e6
        )

    def add(self, text: str) -> int:
        """Take a question in; return its place."""
        place, self._size = self._size, self._size + 1
        for feature, weight in self._weighed(Counter(features(text))).items():
            self._added.setdefault(feature, []).append((place, weight))
        return place

    def take_away(self, place: int) -> None:
        self._gone.append(place)

    def find(self, text: str) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]:
        """Return the places of the nearest, best first, and what speaks for each."""
        asked = set(features(text))
        numbers = np.array([self._numbers[each] for each in asked if each in self._numbers], dtype=np.int64)
        numbers = numbers[np.argsort(-self._rarity[numbers])]
        lengths = self._starts[numbers + 1] - self._starts[numbers]
        numbers = numbers[: max(int(np.searchsorted(np.cumsum(lengths), MOST_POSTINGS)), 1)]
        parts = [slice(self._starts[number], self._starts[number + 1]) for number in numbers]
        total = np.zeros(self._size)
        if parts:
            places = np.concatenate([self._places[part] for part in parts])
            weights = np.concatenate(
                [self._weights[part] * self._rarity[number] for part, number in zip(parts, numbers)]
            )
            total = np.bincount(places, weights, minlength=self._size)
        for feature in asked & self._added.keys():
            number = self._numbers.get(feature)
            rarity = np.log(2 * self._size) if number is None else self._rarity[number]
            for place, weight in self._added[feature]:
                total[place] += weight * rarity
        total[self._gone] = -1.0
        best = np.argpartition(-total, min(SHORTLIST, self._size - 1))[:SHORTLIST]
        best = best[np.argsort(-total[best], kind="stable")]
        return best, total[best]

    def _weighed(self, counted: Counter[str]) -> dict[str, float]:
        length = K1 * (1 - B + B * sum(counted.values()) / self._usual)
        return {feature: count * (K1 + 1) / (count + length) for feature, count in counted.items()}


class Vectors:
    """Sentence vectors as bytes: a quarter of the memory, and the same order in all but ties."""

    def __init__(self, dimensions: int) -> None:
        self._rows = np.zeros((0, dimensions), dtype=np.int8)

    def put(self, places: Sequence[int], rows: npt.NDArray[np.float32]) -> None:
        most = max(places, default=-1) + 1
        if most > len(self._rows):
            more = np.zeros((most - len(self._rows), self._rows.shape[1]), dtype=np.int8)
            self._rows = np.vstack([self._rows, more])
        self._rows[list(places)] = np.round(rows * 127).astype(np.int8)

    def alike(self, places: npt.NDArray[np.int_], row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return self._rows[places].astype(np.float32) @ row / 127

    @property
    def megabytes(self) -> float:
        return self._rows.nbytes / 1e6
