"""What sentences mention, measured on 200 of them that mark it: `mentions.txt`. The marks were set
before the patterns were measured; five were made alike afterwards."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from faq.mentions import mentions

_MARK = re.compile(r"\{([a-z]+)\|([^}]+)\}")
Span = tuple[str, int, int]


class Measured(NamedTuple):
    right: Counter[str]
    missed: Counter[str]
    invented: Counter[str]

    def precision(self, kind: str) -> float:
        return self.right[kind] / max(1, self.right[kind] + self.invented[kind])

    def recall(self, kind: str) -> float:
        return self.right[kind] / max(1, self.right[kind] + self.missed[kind])


def marked(line: str) -> tuple[str, set[Span]]:
    """Return a sentence without its marks, and what they mark."""
    text, spans, at = "", set(), 0
    for match in _MARK.finditer(line):
        text += line[at : match.start()]
        spans.add((match[1], len(text), len(text) + len(match[2])))
        text += match[2]
        at = match.end()
    return text + line[at:], spans


@cache
def sentences() -> tuple[tuple[str, set[Span]], ...]:
    lines = (Path(__file__).parent / "mentions.txt").read_text(encoding="utf-8").splitlines()
    return tuple(marked(line) for line in lines if line and not line.startswith("#"))


@cache
def measured() -> Measured:
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    invented: Counter[str] = Counter()
    for text, wanted in sentences():
        found = {(each.kind, each.start, each.end) for each in mentions(text) if each.kind != "certificate"}
        for counter, spans in ((right, wanted & found), (missed, wanted - found), (invented, found - wanted)):
            counter.update(kind for kind, _, _ in spans)
    for kind in sorted({*right, *missed, *invented}):
        every = Measured(right, missed, invented)
        print(f"  {kind:9} precision {every.precision(kind):6.1%}  recall {every.recall(kind):6.1%}")
    return Measured(right, missed, invented)


def test_there_are_two_hundred_sentences_with_every_kind() -> None:
    marks = Counter(kind for _, spans in sentences() for kind, _, _ in spans)

    assert len(sentences()) >= 200
    assert set(marks) == {"org", "person", "code", "phone", "level", "date", "amount", "province", "role"}
    assert min(marks.values()) >= 15


@pytest.mark.parametrize(
    ("kind", "precision", "recall"),
    [
        ("org", 0.9, 0.9),
        ("person", 0.9, 0.8),
        ("code", 0.95, 0.95),
        ("phone", 0.95, 0.95),
        ("level", 0.95, 0.95),
        ("date", 0.9, 0.9),
        ("amount", 0.9, 0.9),
        ("province", 0.9, 0.9),
        ("role", 0.9, 0.9),
    ],
)
def test_what_is_mentioned_is_found_and_nothing_is_invented(
    kind: str, precision: float, recall: float
) -> None:
    assert measured().precision(kind) >= precision
    assert measured().recall(kind) >= recall


def test_places_count_characters_of_the_text_as_it_was_written() -> None:
    text = "单位是广州示例食品厂，手机１３８００１３８００１"

    assert [(each.kind, each.text) for each in mentions(text)] == [
        ("org", "广州示例食品厂"),
        ("phone", "１３８００１３８００１"),
    ]
