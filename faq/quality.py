"""
How well a book is read: every phrase asked of a ranker that was not taught it, and what that says about the book.

Entries that are confused, phrases that collide or say nothing new, and what other thresholds would give.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from faq.book import Book
from faq.features import matter
from faq.ranking import ENTRY, INTENT, OUTSIDE, Example, label_of
from faq.reading import Context, Decision, Reading, Stage
from faq.trained import Trained
from faq.trial import fitted, fold_of, without
from faq.understanding import Thresholds, Understanding, book_examples

FOLDS = 3
SAME = 0.98  # cosine of two phrases of one entry from which the second teaches nothing new
MOST_PAIRS, MOST_COLLISIONS, MOST_PHRASES = 40, 20, 60
STEPS = tuple(step / 100 for step in range(20, 100, 5))  # probabilities that the curve shows

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Figures:
    """What becomes of questions that are ours, and of those that lie outside."""

    ours: int
    outside: int
    right: int
    wrong: int
    asked_back: int
    outside_answered: int

    @property
    def precision(self) -> float:
        """What share of the answers is right."""
        given = self.right + self.wrong + self.outside_answered
        return self.right / given if given else 1.0

    @property
    def recall(self) -> float:
        """What share of our questions is answered rightly."""
        return self.right / self.ours if self.ours else 1.0


@dataclass(frozen=True)
class Report:
    """
    What came out of asking everything.

    `settled` counts what hangs on no threshold, by what became of it; `scored` is the rest: how sure the best entry is,
    how sure the second, and whether the best is "right", "wrong", or nothing of the book is meant ("outside"). Pairs are ordered by how often they are confused;
    a collision has the two phrases that are nearest to each other.
    """

    ours: int
    outside: int
    settled: Mapping[str, int]
    scored: tuple[tuple[float, float, str], ...]
    confused: tuple[tuple[str, str, int], ...]
    collisions: tuple[tuple[str, str, int, str, str], ...]
    redundant: tuple[tuple[str, str, str], ...]
    entries: Mapping[str, tuple[int, int, int, int]]  # asked, right, asked back, wrong
    examples: int
    labels: int
    processor_seconds: float
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    book: Book,
    trained: Trained,
    progress: Progress = lambda done, total: None,
    folds: int = FOLDS,
    thresholds: Thresholds | None = None,
) -> Report:
    """Ask every phrase of the book, and every example of what lies outside, of a ranker that was not taught it."""
    began = time.process_time()
    examples = list(dict.fromkeys([*trained.dialogue, *book_examples(book)]))
    vectors = dict(trained.ranker.vectors)
    readings: list[tuple[Example, Reading]] = []
    for fold in range(folds):
        held = [example for example in examples if fold_of(example.text, folds) == fold]
        held_texts = {example.text for example in held}
        ranker = fitted((example for example in examples if example.text not in held_texts), vectors)
        reader = Understanding(without(book, held_texts), ranker, thresholds)
        readings += [(example, _read(reader, book, example)) for example in held if _is_asked(example)]
        progress(fold + 1, folds)
    return _report(book, examples, vectors, readings, time.process_time() - began, thresholds or Thresholds())


def at(report: Mapping[str, Any], thresholds: Thresholds) -> Figures:
    """What a report's questions would get at other thresholds for answering (`sure`, `likely`, `lead`)."""
    settled = report["settled"]
    counted = Counter((kind, thresholds.answers(sure, second)) for sure, second, kind in report["scored"])
    return Figures(
        ours=report["ours"],
        outside=report["outside"],
        right=settled.get("right", 0) + counted["right", True],
        wrong=settled.get("wrong", 0) + counted["wrong", True],
        asked_back=settled.get("asked_back", 0) + counted["right", False] + counted["wrong", False],
        outside_answered=settled.get("outside_answered", 0) + counted["outside", True],
    )


def curve(report: Mapping[str, Any]) -> list[tuple[float, Figures]]:
    """What would come of answering from each probability on, whatever the next entry has."""
    return [(step, at(report, Thresholds(sure=step, likely=step))) for step in STEPS]


def _is_asked(example: Example) -> bool:
    return example.label.startswith((f"{ENTRY}:", f"{OUTSIDE}:"))


def _read(reader: Understanding, book: Book, example: Example) -> Reading:
    kind, name = example.label.split(":", 1)
    province = book[name].province if kind == ENTRY else None
    return reader.read(example.text, Context(province=province))


def _report(
    book: Book,
    examples: Sequence[Example],
    vectors: Mapping[str, Any],
    readings: Sequence[tuple[Example, Reading]],
    seconds: float,
    thresholds: Thresholds,
) -> Report:
    settled: Counter[str] = Counter()
    scored: list[tuple[float, float, str]] = []
    confused: Counter[tuple[str, str]] = Counter()
    entries: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for example, reading in readings:
        given = _given(reading)
        is_right = given == example.label
        outside = example.label.startswith(OUTSIDE)
        if by_score := _by_score(reading, thresholds):
            kind = "outside" if outside else "right" if is_right else "wrong"
            scored.append((*by_score, kind))
        else:
            settled[_settled(reading, is_right, outside)] += 1
        if given and not is_right and reading.decision in (Decision.ANSWER, Decision.CHAT):
            confused[example.label, given] += 1
        if not outside:
            place = 0 if reading.decision is Decision.ANSWER and is_right else 2
            place = 1 if reading.decision is Decision.WHICH else place
            row = entries[example.label.split(":", 1)[1]]
            row[0] += 1
            row[1 + place] += 1
    return Report(
        ours=sum(example.label.startswith(ENTRY) for example, _ in readings),
        outside=sum(example.label.startswith(OUTSIDE) for example, _ in readings),
        settled=dict(settled),
        scored=tuple(scored),
        confused=tuple((wanted, given, times) for (wanted, given), times in confused.most_common(MOST_PAIRS)),
        collisions=tuple(_collisions(confused, examples, vectors)),
        redundant=tuple(_redundant(book, vectors)),
        entries={entry: (row[0], row[1], row[2], row[3]) for entry, row in sorted(entries.items())},
        examples=len(examples),
        labels=len({example.label for example in examples}),
        processor_seconds=round(seconds, 1),
        thresholds=vars(thresholds),
    )


def _given(reading: Reading) -> str | None:
    """Return the label of what was answered, or of what stood first."""
    if reading.decision is Decision.ANSWER and reading.entry:
        return label_of(ENTRY, reading.entry)
    if reading.decision is Decision.CHAT:
        return label_of(INTENT, reading.intent)
    if reading.decision is Decision.NONE:
        return label_of(OUTSIDE, reading.subject) if reading.subject else None
    return label_of(ENTRY, reading.candidates[0][0]) if reading.candidates else None


def _by_score(reading: Reading, thresholds: Thresholds) -> tuple[float, float] | None:
    """Return the probabilities on which the decision hung; None where it hung on something else."""
    if reading.stage is not Stage.RANK or reading.decision not in (Decision.ANSWER, Decision.WHICH):
        return None
    scores = [round(score, 4) for _, score in reading.candidates[:2]] + [0.0, 0.0]
    best, second = scores[:2]
    answered = reading.decision is Decision.ANSWER
    # too vague altogether, or of one meaning only: a question of the book decided
    return (best, second) if thresholds.answers(best, second) is answered else None


def _settled(reading: Reading, is_right: bool, outside: bool) -> str:
    if reading.decision is Decision.ANSWER:
        return "outside_answered" if outside else "right" if is_right else "wrong"
    if reading.decision is Decision.WHICH:
        return "outside_asked_back" if outside else "asked_back"
    return "outside_left" if outside else "unanswered"


def _collisions(
    confused: Counter[tuple[str, str]], examples: Sequence[Example], vectors: Mapping[str, Any]
) -> Iterator[tuple[str, str, int, str, str]]:
    """Yield pairs that are confused either way more than once, with the two phrases that are nearest."""
    pairs: Counter[tuple[str, str]] = Counter()
    for (wanted, given), times in confused.items():
        pairs[(wanted, given) if wanted < given else (given, wanted)] += times
    said: defaultdict[str, list[str]] = defaultdict(list)
    for example in examples:
        if matter(example.text) in vectors:
            said[example.label].append(example.text)
    for (one, other), times in pairs.most_common(MOST_COLLISIONS):
        if times > 1 and said[one] and said[other]:
            near = _rows(said[one], vectors) @ _rows(said[other], vectors).T
            first, second = np.unravel_index(int(near.argmax()), near.shape)
            yield one, other, times, said[one][int(first)], said[other][int(second)]


def _redundant(book: Book, vectors: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield phrases that say the same as another of their entry, the nearest pairs first."""
    found = []
    for entry in book:
        said = [text for text in dict.fromkeys(entry.said()) if matter(text) in vectors]
        if len(said) < 2:
            continue
        rows = _rows(said, vectors)
        near = np.triu(rows @ rows.T, k=1)
        for first, second in np.argwhere(near >= SAME).tolist():
            found.append((float(near[first, second]), entry.id, said[first], said[second]))
    for _, entry_id, one, other in sorted(found, reverse=True)[:MOST_PHRASES]:
        yield entry_id, one, other


def _rows(texts: Iterable[str], vectors: Mapping[str, Any]) -> Any:
    return np.vstack([vectors[matter(text)] for text in texts])
