"""
How a voice is read that nobody wrote phrases in: all of its phrases are left out of the training and asked.

With them a quarter of what is too vague and of what lies outside, drawn by chance but the same in every run. Vectors are taken from the trained
model, so that a voice takes a minute or two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.understanding.questions import dialogue_examples
from faq.book import load_files
from faq.ranking import ENTRY, OUTSIDE, VAGUE, Example, Ranker, label_of
from faq.reading import Context, Decision, Reading
from faq.trained import newest
from faq.understanding import Understanding, book_examples

HEAD = "| left out | questions | top-1 | top-3 | answered rightly | answered wrongly | outside answered | vague asked back |"
LEFT_OUT = 0.25  # of what is too vague and of what lies outside


def report(voices: Sequence[str]) -> Iterator[str]:
    yield HEAD
    yield "| --- " * 8 + "|"
    for voice in voices:
        yield _row(voice)


def _row(voice: str) -> str:
    book = load_files()
    drawn = random.Random(0)
    asked = [
        Example(said, label_of(ENTRY, entry.id)) for entry in book for said in entry.phrases.get(voice, ())
    ]
    left_out, taught = set(asked), []
    for example in dict.fromkeys([*dialogue_examples(), *book_examples(book)]):
        if example.label.startswith((VAGUE, OUTSIDE)) and drawn.random() < LEFT_OUT:
            asked.append(example)
        elif example not in left_out:
            taught.append(example)
    ranker = Ranker().fit(taught, newest().ranker.vectors)
    understanding = Understanding(book, ranker, exact=taught)
    read: list[tuple[str, Reading]] = []
    for text, label in asked:
        kind, name = label.split(":", 1)
        province = book[name].province if kind == ENTRY else None
        read.append((label, understanding.read(text, Context(province=province))))

    ours = [(label.split(":", 1)[1], reading) for label, reading in read if label.startswith(ENTRY)]
    ranked = [(wanted, [entry for entry, _ in reading.candidates]) for wanted, reading in ours]
    given = [(wanted, reading.entry) for wanted, reading in ours if reading.decision is Decision.ANSWER]
    shares = [
        np.mean([best[:1] == [wanted] for wanted, best in ranked]),
        np.mean([wanted in best[:3] for wanted, best in ranked]),
        sum(wanted == entry for wanted, entry in given) / len(ours),
        sum(wanted != entry for wanted, entry in given) / len(ours),
        np.mean(
            [reading.decision is Decision.ANSWER for label, reading in read if label.startswith(OUTSIDE)]
        ),
        np.mean([reading.decision is Decision.WHICH for label, reading in read if label.startswith(VAGUE)]),
    ]
    return f"| {voice} | {len(ours)} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"
