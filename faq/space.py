"""
A space in which texts lie near each other when they mean the same, learned from the examples.

Two matrices lay what is counted of a text, and its sentence vector, on a few dimensions. They are learned by contrast: among five
hundred examples at a time, those of one label are drawn together and away from all others (the supervised contrastive loss
of Khosla et al., 2020, arXiv:2004.11362). What a text means is then said by the examples around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from faq.features import Weighed

Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int_]
_LEAST = np.float32(1e-9)  # of a length

SHARP = np.float32(16.0)  # how much more the nearer examples say, while learning and while reading
CROWD = 0.5  # power of its number of examples that a label with many is worth less an example


@dataclass(frozen=True)
class Learning:
    """
    How the matrices are learned; chosen on held-out examples (`docs/decisions/0025-one-space.md`).

    A row moves by `rate` at first, less the more it has moved (Adagrad, one number a row), and in the end by `last` of that.
    `spread` is that of the random numbers it begins with.
    """

    dimensions: int = 128
    rounds: int = 8  # through all examples
    least: int = 120  # batches, however small the book
    batch: int = 512
    rate: float = 0.02
    last: float = 0.1
    spread: float = 0.03
    seed: int = 0


class _Learnt:
    """A matrix while it is learned."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._moved = np.full(len(rows), 1e-6, dtype=np.float32)

    def move(self, which: Any, gradient: Rows, rate: float) -> None:
        self._moved[which] += np.square(gradient).mean(axis=1)
        self.rows[which] -= rate * gradient / np.sqrt(self._moved[which])[:, None]


class Space:
    """Where the examples lie, by label; `power` reads who lies around a text."""

    def __init__(self, counted: Any, vectors: Rows, wanted: Labels, learning: Learning | None = None) -> None:
        """
        `counted` is a sparse matrix of the examples' features; `vectors` are their sentence vectors, of no width where there
        is no encoder; `wanted` the numbers of their labels, each of which has an example.
        """
        how = learning or Learning()
        chance = np.random.default_rng(how.seed)
        by_vector, by_features = (
            _Learnt(chance.normal(scale=how.spread, size=(width, how.dimensions)).astype(np.float32))
            for width in (vectors.shape[1], counted.shape[1])
        )
        for batch, rate in _batches(len(wanted), how, chance):
            features, meant = counted[batch], vectors[batch]
            pull = _contrast(features @ by_features.rows + meant @ by_vector.rows, wanted[batch])
            there = np.unique(features.indices)
            by_features.move(
                there, features[:, there].T.tocsr() @ pull, rate
            )  # by rows: as columns it takes several times as long
            by_vector.move(slice(None), meant.T @ pull, rate)

        order = np.argsort(wanted, kind="stable")
        self._examples = _unit(counted @ by_features.rows + vectors @ by_vector.rows)[order]
        _, self._starts, counts = np.unique(wanted[order], return_index=True, return_counts=True)
        self._crowds = (CROWD * np.log(counts)).astype(np.float32)
        self._by_features, self._by_vector = by_features.rows.astype(np.float16), by_vector.rows

    def power(self, counted: Weighed, vector: Rows | None = None) -> Rows:
        """Return how much speaks for every label; without its sentence vector a text lies where its features lay it."""
        place = counted.on(self._by_features)
        if vector is not None:
            place = place + vector @ self._by_vector
        near = np.exp(SHARP * (self._examples @ _unit(place) - 1))
        return np.asarray(np.log(np.add.reduceat(near, self._starts)) - self._crowds)


def _batches(
    examples: int, how: Learning, chance: np.random.Generator
) -> Iterator[tuple[npt.NDArray[np.intp], float]]:
    """Yield examples to contrast with each other, and how far they may move."""
    size = min(how.batch, examples)
    each = examples // size
    rounds = max(how.rounds, math.ceil(how.least / each))
    shuffled = (chance.permutation(examples) for _ in range(rounds))
    split = (order[size * n : size * (n + 1)] for order in shuffled for n in range(each))
    for number, batch in enumerate(split):
        yield batch, how.rate * (1 - (1 - how.last) * number / (rounds * each))


def _contrast(places: Rows, wanted: Labels) -> Rows:
    """Return the gradient of the supervised contrastive loss at these places, which need not be of unit length."""
    length = np.linalg.norm(places, axis=1, keepdims=True) + _LEAST
    unit = places / length
    alike = SHARP * unit @ unit.T
    np.fill_diagonal(alike, -np.inf)  # nothing is compared with itself
    share = np.exp(alike - alike.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    same = (wanted[:, None] == wanted[None, :]).astype(np.float32)
    np.fill_diagonal(same, 0)
    others = same.sum(axis=1, keepdims=True)
    # who is alone with its label says nothing here
    wrong = np.where(others > 0, share - same / np.maximum(others, 1), 0) / np.float32(len(wanted))
    pull = SHARP * (wrong + wrong.T) @ unit
    return np.asarray((pull - (pull * unit).sum(axis=1, keepdims=True) * unit) / length)


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + _LEAST))
