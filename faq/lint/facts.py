"""What each answer must and must not say, as `tests/faq/facts` holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faq.book import Book, read_yaml
from faq.lint.entries import file_of, rendered
from faq.lint.finding import Finding


@dataclass(frozen=True)
class Required:
    """A fact that an answer states: every string of `says` stands in it."""

    fact: str
    says: tuple[str, ...]


@dataclass(frozen=True)
class Forbidden:
    """A claim that an answer does not make: no pattern of `never` matches it."""

    claim: str
    never: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Facts:
    """All that is to be held against one entry's answer."""

    id: str
    must: tuple[Required, ...]
    must_not: tuple[Forbidden, ...]

    @classmethod
    def from_file(cls, path: Path) -> Facts:
        body: dict[str, Any] = read_yaml(path)
        return cls(
            id=body["id"],
            must=tuple(Required(item["fact"], tuple(map(str, item["says"]))) for item in body["must"]),
            must_not=tuple(
                Forbidden(item["claim"], tuple(re.compile(pattern) for pattern in item["never"]))
                for item in body["must_not"]
            ),
        )

    def unstated(self, answer: str) -> list[Required]:
        return [required for required in self.must if not all(words in answer for words in required.says)]

    def claimed(self, answer: str) -> list[Forbidden]:
        return [wrong for wrong in self.must_not if any(pattern.search(answer) for pattern in wrong.never)]


def check(book: Book, folder: Path) -> Iterator[Finding]:
    held = {}
    for path in sorted(folder.glob("*.yml")):
        facts = Facts.from_file(path)
        held[facts.id] = facts
        if facts.id not in book:
            yield Finding(path.name, "unknown_entry", facts.id)
    for entry in book:
        if entry.id not in held:
            yield Finding(file_of(entry.id), "no_facts", "nothing is held against this answer")
            continue
        answer = rendered(book, entry)
        for required in held[entry.id].unstated(answer):
            yield Finding(file_of(entry.id), "fact_not_stated", required.fact)
        for forbidden in held[entry.id].claimed(answer):
            yield Finding(file_of(entry.id), "forbidden_claim", forbidden.claim)
