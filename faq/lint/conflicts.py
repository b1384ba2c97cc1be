"""Where the documents contradict each other: every answer that touches it says what decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from faq.book import HERE, Book, Entry, load_conditions, read_yaml
from faq.lint.entries import load_document_provinces, rendered
from faq.lint.finding import Finding

FILE = "conflicts.yml"


@dataclass(frozen=True)
class Claim:
    """What one document says."""

    document: str
    section: str
    claim: str


@dataclass(frozen=True)
class Touched:
    """
    An entry that a conflict touches.

    It has a case for every value of the deciding fact, or `words` of its answer name the fact.
    """

    id: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """A contradiction between documents, and the fact that decides it."""

    id: str
    says: tuple[Claim, ...]
    decided_by: str
    entries: tuple[Touched, ...]
    resolution: str

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Conflict:
        says = tuple(Claim(**claim) for claim in body["says"])
        entries = tuple(Touched(item["id"], tuple(item.get("words") or ())) for item in body["entries"])
        return cls(**{**body, "says": says, "entries": entries})


@cache
def load_conflicts() -> tuple[Conflict, ...]:
    return tuple(Conflict.from_body(body) for body in read_yaml(HERE / FILE))


def check(book: Book, conflicts: Sequence[Conflict]) -> Iterator[Finding]:
    for conflict in conflicts:
        for key, text in (*_of_conflict(conflict), *_of_entries(book, conflict)):
            yield Finding(FILE, key, f"{conflict.id}: {text}")


def _of_conflict(conflict: Conflict) -> Iterator[tuple[str, str]]:
    if len({(claim.document, claim.section) for claim in conflict.says}) < 2:
        yield "no_conflict", "fewer than two places of the documents"
    for claim in conflict.says:
        if claim.document not in load_document_provinces():
            yield "unknown_document", claim.document
    if conflict.decided_by not in load_conditions():
        yield "unknown_fact", conflict.decided_by
    if not conflict.resolution.strip():
        yield "no_resolution", "does not say how it is resolved"
    if not conflict.entries:
        yield "no_entries", "touches no entry"


def _of_entries(book: Book, conflict: Conflict) -> Iterator[tuple[str, str]]:
    for touched in conflict.entries:
        if touched.id not in book:
            yield "unknown_entry", touched.id
        elif not _says_that_it_depends(book, book[touched.id], touched, conflict.decided_by):
            yield "condition_not_said", f"{touched.id} does not say that it depends on {conflict.decided_by}"


def _says_that_it_depends(book: Book, entry: Entry, touched: Touched, fact: str) -> bool:
    condition = load_conditions().get(fact)
    if condition and {case.when.get(fact) for case in entry.cases} >= set(condition.labels):
        return True
    answer = rendered(book, entry)
    return bool(touched.words) and all(word in answer for word in touched.words)
