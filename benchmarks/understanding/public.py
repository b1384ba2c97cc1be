"""
Public retrieval sets, for what the book would be at a thousand, ten thousand, a hundred thousand questions.

The ranker of the product learns from many phrases an entry; here every question stands alone. So what is measured is its
parts as a search: its cleaning and features under BM25, then its sentence vector over the best fifty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import bm25s
import numpy as np

from faq.clean import clean
from faq.encoders import encoder
from faq.features import features

SHORTLIST = 50
ASKED = 200  # queries of each kind; more change the first decimal only
MISTAKEN = 0.05  # share of the unanswerable that may be answered, as in the peers' table
WORDS = 0.3  # what BM25 says beside the vector, its best being 1

SETS = {
    "LCQMC 1 000": ("retrieval_lcqmc", "dedup_10k.tsv", 1_000),
    "LCQMC 10 000": ("retrieval_lcqmc", "dedup_10k.tsv", 10_000),
    "LCQMC 100 000": ("retrieval_lcqmc", "dedup_90k.tsv", 100_000),
    "medical 7 000": ("retrieval_covid", "corpus_all.tsv", 10_000),
}


def report(folder: Path) -> str:
    lines = [
        "| set | questions | method | top-1 | top-3 | found at 5% | median ms | 99% ms | MB |",
        "| --- " * 9 + "|",
    ]
    for name, (subfolder, corpus_file, size) in SETS.items():
        for row in _measured(folder / subfolder, corpus_file, size):
            lines.append(f"| {name} | {row}")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def _measured(folder: Path, corpus_file: str, size: int) -> Iterator[str]:
    queries = [(text, gold) for _, text, gold in _lines(folder / "queries.tsv")]
    corpus = [(number, text) for number, text in _lines(folder / corpus_file)]
    wanted = {gold for _, gold in queries[:ASKED]}
    # the questions that are asked for, then others until the size is reached
    corpus.sort(key=lambda pair: pair[0] not in wanted)
    corpus = corpus[:size]
    places = {number: place for place, (number, _) in enumerate(corpus)}
    asked = [(clean(text), places[gold]) for text, gold in queries[:ASKED] if gold in places]
    unanswerable = [clean(text) for _, text in _lines(folder / "noanswer.tsv")][:ASKED]
    search = _Search([clean(text) for _, text in corpus])
    for method in ("BM25", "BM25, then vectors"):
        with_vectors = method != "BM25"
        found = [search.find(text, with_vectors) for text, _ in asked]
        sure = sorted((search.find(text, with_vectors)[1] for text in unanswerable), reverse=True)
        limit = sure[int(MISTAKEN * len(sure))]
        right = [order[0] == gold for (order, _, _), (_, gold) in zip(found, asked)]
        three = [gold in order[:3] for (order, _, _), (_, gold) in zip(found, asked)]
        given = [r and score > limit for r, (_, score, _) in zip(right, found)]
        times = [milliseconds for _, _, milliseconds in found]
        megabytes = search.megabytes + (len(corpus) * 512 * 4 / 1e6 if with_vectors else 0)
        yield (
            f"{len(corpus)} | {method} | {np.mean(right):.1%} | {np.mean(three):.1%} | {np.mean(given):.0%} | "
            f"{np.percentile(times, 50):.1f} | {np.percentile(times, 99):.1f} | {megabytes:.0f} |"
        )


class _Search:
    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._index = bm25s.BM25()
        self._index.index([features(text) for text in texts], show_progress=False)
        self._vectors: dict[int, np.ndarray] = {}
        self.megabytes = (
            sum(part.nbytes for part in self._index.scores.values() if hasattr(part, "nbytes")) / 1e6
        )

    def find(self, text: str, with_vectors: bool) -> tuple[list[int], float, float]:
        """Return places, best first, the best score, and milliseconds; a corpus has its vectors beforehand."""
        started = time.perf_counter()
        places, words = self._index.retrieve(
            [features(text)], k=min(SHORTLIST, len(self._texts)), show_progress=False
        )
        order, score = [int(place) for place in places[0]], float(words[0][0])
        if not with_vectors:
            return order, score, (time.perf_counter() - started) * 1000
        searched = time.perf_counter() - started
        self._encode(order)
        started = time.perf_counter()
        row = encoder("universal").encode([text])[0]
        alike = np.vstack([self._vectors[place] for place in order]) @ row
        total = alike + WORDS * words[0] / max(score, 1e-9)
        best = np.argsort(-total)
        milliseconds = (searched + time.perf_counter() - started) * 1000
        return [order[place] for place in best], float(alike[best[0]]), milliseconds

    def _encode(self, places: Sequence[int]) -> None:
        missing = [place for place in places if place not in self._vectors]
        if missing:
            rows = encoder("universal").encode([self._texts[place] for place in missing])
            self._vectors.update(zip(missing, rows))


def _lines(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield line.split("\t")
