"""
`python -m benchmarks.bigbook FOLDER`: a book of a hundred thousand questions, searched, changed and published.

FOLDER holds the LCQMC retrieval set (queries.tsv, dedup_90k.tsv). Milliseconds are processor time, so that they compare on a
machine that others use.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bigbook.index import CLEAR, WORDS, Index, Vectors
from benchmarks.table import Row, table
from faq.clean import clean
from faq.encoders import encoder
from hrss import books
from hrss.database import Database

ASKED = 400
CHANGES = 200


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args(arguments)
    texts = [clean(text) for _, text in _lines(wanted.folder / "dedup_90k.tsv")]
    numbers = {number: place for place, (number, _) in enumerate(_lines(wanted.folder / "dedup_90k.tsv"))}
    asked = [
        (clean(text), numbers[gold])
        for _, text, gold in _lines(wanted.folder / "queries.tsv")
        if gold in numbers
    ][:ASKED]
    index, seconds = _timed(Index, texts)
    rows = [
        Row("questions", "", len(texts)),
        Row("made from nothing", "s", seconds),
        Row("memory of the index", "MB", index.megabytes),
    ]
    rows += searched(index, texts, asked)
    rows += changed(index)
    rows += published(texts)
    print(table(rows))
    return 0


def searched(index: Index, texts: Sequence[str], asked: Sequence[tuple[str, int]]) -> list[Row]:
    index.find(asked[0][0])
    encoder("universal").encode([asked[0][0]])
    vectors, known = Vectors(512), set[int]()
    by_words, by_both, by_need = [], [], []
    for text, gold in asked:
        (places, scores), words = _timed(index.find, text)
        missing = [int(place) for place in places if place not in known]
        known.update(missing)
        if missing:  # a book has its vectors beforehand
            vectors.put(missing, encoder("universal").encode([texts[place] for place in missing]))
        best, vector = _timed(_in_order, vectors, text, places, scores)
        by_words.append((words * 1000, list(places).index(gold) if gold in places else 99))
        by_both.append(((words + vector) * 1000, best.index(gold) if gold in best else 99))
        by_need.append((by_words if scores[0] - scores[1] >= CLEAR * scores[0] else by_both)[-1])
    found = [Row("memory of all sentence vectors", "MB", len(texts) * 512 / 1e6)]
    for name, measured in (
        ("by words", by_words),
        ("by words, then vectors", by_both),
        ("by words, then vectors where the words are unsure", by_need),
    ):
        took, ranks = zip(*measured)
        found += [
            Row(f"{name}: the right one ranks first", "%", 100 * np.mean(np.array(ranks) == 0)),
            Row(f"{name}: … among three", "%", 100 * np.mean(np.array(ranks) < 3)),
            Row(f"{name}: … median", "ms", float(np.median(took)), goal="≤ 5", absolute=True),
            Row(f"{name}: … 99th percentile", "ms", float(np.percentile(took, 99))),
        ]
    return found


def _in_order(vectors: Vectors, text: str, places: Any, scores: Any) -> list[int]:
    row = encoder("universal").encode([text])[0]
    total = vectors.alike(places, row) + WORDS * scores / max(float(scores[0]), 1e-9)
    return [int(places[each]) for each in np.argsort(-total)]


def changed(index: Index) -> list[Row]:
    """Put questions in and take them out: each must be found at once, and not any more."""
    took = []
    for number in range(CHANGES):
        text = clean(f"第{number}号窗口的临时通行证在哪里换领")
        place, seconds = _timed(index.add, text)
        assert index.find(text)[0][0] == place
        took.append(seconds * 1000)
        index.take_away(place)
        assert place not in index.find(text)[0]
    return [Row("one change of the index, median", "ms", float(np.median(took)))]


def published(texts: Sequence[str]) -> list[Row]:
    """What the product's own tables take for it: a version holds the whole book, and every process reads all of it."""
    bodies: dict[str, dict[str, Any]] = {
        f"q.{place}": {"question": text, "answer": text} for place, text in enumerate(texts)
    }
    now = datetime.now(timezone.utc)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/hrss.db")
        database.migrate()
        with database.transaction() as session:
            books.publish(session, bodies, note="first", now=now)
        bodies["q.0"]["answer"] = "改过了"

        def publish() -> int:
            with database.transaction() as session:
                return books.publish(session, bodies, note="one change", now=now)

        def read() -> dict[str, Any]:
            with database.reading() as session:
                return books.entries(session, version)

        version, writing = _timed(publish)
        found, reading = _timed(read)
        assert found["q.0"]["answer"] == "改过了"
        database.close()
    return [
        Row("today's tables: to publish one change", "s", writing, goal="≤ 5", absolute=True),
        Row("today's tables: to read it, in every process", "s", reading, goal="≤ 5", absolute=True),
    ]


def _timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    began = time.process_time()
    return work(*given), time.process_time() - began


def _lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
