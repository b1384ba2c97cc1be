"""
Trying a changed book before anyone is answered from it: which questions would be answered otherwise.

Asked are saved conversations, saved questions, and the phrases of the book themselves, each by a ranker that was not
taught it (in folds). Both books are read by exactly what reads messages, fitted exactly as the bot fits it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from faq import readers
from faq.book import Book
from faq.clean import clean
from faq.places import SERVED
from faq.ranking import Example, Ranker
from faq.reading import Context, Decision, Reading
from faq.trained import Trained
from faq.understanding import Thresholds, Understanding, book_examples

FOLDS = 3
MOST_PAIRS = 15  # of entries that are confused

Progress = Callable[[int, int], None]


class Origin(str, Enum):
    PHRASE = "phrase"  # of the book, held out
    QUESTION = "question"  # saved by staff
    CONVERSATION = "conversation"  # saved by staff


class Change(str, Enum):
    BETTER = "better"
    WORSE = "worse"
    OTHERWISE = "otherwise"  # wrong before and after, but not alike


@dataclass(frozen=True)
class Question:
    """Something that people ask, and what is right: an entry, or a decision without one."""

    text: str
    province: str | None
    entry: str | None
    decision: str
    origin: Origin


@dataclass(frozen=True)
class Outcome:
    """How a question was decided; `offered` are the entries that a question back offers."""

    decision: str
    entry: str | None
    offered: tuple[str, ...]
    score: float

    def worth(self, question: Question) -> int:
        """2: right; 1: asked back with the right one; 0: not answered; -1: answered wrongly."""
        if question.decision != Decision.ANSWER.value:
            return 2 if self.decision == question.decision else 0
        if self.decision == Decision.ANSWER.value:
            return 2 if self.entry == question.entry else -1
        return 1 if question.entry in self.offered else 0


@dataclass(frozen=True)
class Difference:
    question: Question
    before: Outcome
    after: Outcome
    change: Change


@dataclass(frozen=True)
class Result:
    """
    `right` and `wrong` count questions answered rightly and wrongly, before and after.

    `confused` are pairs of entries, the one wanted and the one given in its place, with how often after the change.
    """

    asked: int
    right: tuple[int, int]
    wrong: tuple[int, int]
    differences: tuple[Difference, ...]
    confused: tuple[tuple[str, str, int], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "right": list(self.right),
            "wrong": list(self.wrong),
            "differences": [asdict(each) for each in self.differences],
            "confused": [list(pair) for pair in self.confused],
        }


def run(
    before: Book,
    after: Book,
    dialogues: Sequence[Mapping[str, Any]],
    questions: Sequence[Question],
    trained: Trained,
    progress: Progress = lambda done, total: None,
    folds: int = FOLDS,
    *,
    other: Trained | None = None,
    thresholds: Thresholds | None = None,
) -> Result:
    """
    Ask both books everything.

    `dialogues` are saved conversations as `hrss/regressions.py` keeps them. Phrases are asked of provinces only in
    which something differs. `other` is the model that reads the book afterwards, if it is another.
    """
    touched = _touched(before, after)
    held = _phrases(before, after, touched)
    total = 2 * (1 + folds)
    sides: list[list[tuple[Question, Outcome]]] = []
    vectors = dict(trained.ranker.vectors)
    for place, (book, model) in enumerate(((before, trained), (after, other or trained))):
        reader = readers.reader(book, model, thresholds)
        vectors.update(reader.ranker.vectors)
        found = list(_replayed(reader, dialogues))
        found += [(each, _outcome(reader, each)) for each in questions]
        progress(place * (1 + folds) + 1, total)
        for fold in range(folds) if held else ():
            asked = [each for each in held if fold_of(each.text, folds) == fold]
            taught = without(book, {each.text for each in asked}, touched)
            reader = Understanding(taught, _fitted(taught, model, vectors), thresholds)
            found += [(each, _outcome(reader, each)) for each in asked]
            progress(place * (1 + folds) + 2 + fold, total)
        sides.append(found)
    return _compared(*sides)


def _fitted(book: Book, trained: Trained, vectors: dict[str, Any]) -> Ranker:
    """The ranker that the bot would fit for a book."""
    return fitted([*trained.dialogue, *book_examples(book)], vectors)


def fitted(examples: Iterable[Example], vectors: dict[str, Any]) -> Ranker:
    """Return a ranker for these examples; it shares the vectors, to which it adds what it had to encode."""
    ranker = Ranker().fit(examples, vectors)
    vectors.update(ranker.vectors)
    ranker.remembered = vectors
    return ranker


def _touched(before: Book, after: Book) -> set[str]:
    """The provinces in which an entry differs."""
    ids = {*before.entries, *after.entries}
    return {
        book[entry_id].province
        for entry_id in ids
        for book in (before, after)
        if before.entries.get(entry_id) != after.entries.get(entry_id) and entry_id in book
    }


def _phrases(before: Book, after: Book, provinces: set[str]) -> list[Question]:
    """Every phrase of either book once, to be answered as the new book would have it."""
    wanted: dict[tuple[str, str], Question] = {}
    for book in (before, after):
        for entry in book:
            for voice in entry.phrases.values():
                for said in voice:
                    if entry.province in provinces:
                        wanted[said, entry.province] = Question(
                            said, entry.province, entry.id, Decision.ANSWER.value, Origin.PHRASE
                        )
    return list(wanted.values())


def fold_of(text: str, folds: int) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % folds


def without(book: Book, texts: set[str], provinces: Collection[str] = SERVED) -> Book:
    """Return the book of which the entries of these provinces are not asked by these texts."""
    entries = {
        entry.id: replace(
            entry,
            phrases={
                voice: tuple(text for text in said if text not in texts)
                for voice, said in entry.phrases.items()
            },
        )
        if entry.province in provinces
        else entry
        for entry in book
    }
    return Book(entries, book.version)


def _outcome(reader: Understanding, question: Question) -> Outcome:
    return outcome(reader.read(question.text, Context(province=question.province)))


def outcome(reading: Reading) -> Outcome:
    offered = tuple(choice.entry for choice in reading.choices if choice.entry)
    return Outcome(reading.decision.value, reading.entry, offered, round(reading.confidence, 4))


def _replayed(
    reader: Understanding, dialogues: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Question, Outcome]]:
    """Say conversations again, each turn with what the ones before it left. What a flow asks for is not played."""
    for body in dialogues:
        context = Context(province=body.get("province"))
        for turn in body["turns"]:
            said = turn.get("say") or turn.get("choose") or ""
            reading = reader.read(said, context)
            if turn.get("decision"):
                wanted = Question(
                    said, body.get("province"), turn.get("entry"), turn["decision"], Origin.CONVERSATION
                )
                yield wanted, outcome(reading)
            context = Context(
                province=reading.province or context.province,
                audience=reading.audience or context.audience,
                last_entry=reading.entry or context.last_entry,
                offered=tuple(reading.choices),
                asked=clean(said),
            )


def _compared(
    before: Sequence[tuple[Question, Outcome]], after: Sequence[tuple[Question, Outcome]]
) -> Result:
    differences = []
    for (question, old), (_, new) in zip(before, after, strict=True):
        was, is_now = old.worth(question), new.worth(question)
        if was != is_now:
            differences.append(
                Difference(question, old, new, Change.BETTER if is_now > was else Change.WORSE)
            )
        elif was < 2 and (old.decision, old.entry) != (new.decision, new.entry):
            differences.append(Difference(question, old, new, Change.OTHERWISE))
    confused = Counter(
        (question.entry, new.entry)
        for question, new in after
        if question.entry and new.entry and new.worth(question) == -1
    )
    order = {Change.WORSE: 0, Change.OTHERWISE: 1, Change.BETTER: 2}
    worths = [[outcome.worth(question) for question, outcome in side] for side in (before, after)]
    return Result(
        asked=len(after),
        right=(worths[0].count(2), worths[1].count(2)),
        wrong=(worths[0].count(-1), worths[1].count(-1)),
        differences=tuple(sorted(differences, key=lambda each: order[each.change])),
        confused=tuple((wanted, given, times) for (wanted, given), times in confused.most_common(MOST_PAIRS)),
    )
