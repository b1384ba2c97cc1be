"""The facts on which answers depend: known, and leaving one answer for every situation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from faq.book import Book, Entry, load_conditions
from faq.clean import letters
from faq.lint.entries import file_of, written
from faq.lint.finding import Finding


def check(book: Book) -> Iterator[Finding]:
    for entry in book:
        for when in (entry.when, *(case.when for case in entry.cases)):
            for key, text in _unknown(when):
                yield Finding(file_of(entry.id), key, text)
        for one, other in combinations(entry.cases, 2):
            if not exclude_each_other(one.when, other.when):
                yield Finding(file_of(entry.id), "cases_overlap", f"{dict(one.when)} and {dict(other.when)}")
    for one_entry, other_entry in combinations(book, 2):
        if _contradict(one_entry, other_entry):
            yield Finding(
                file_of(one_entry.id),
                "conditions_overlap",
                f"answers {one_entry.subject} otherwise than {other_entry.id}; both conditions can hold",
            )


def exclude_each_other(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether no one can be in both situations: some fact has another value in each."""
    return any(fact in other and other[fact] != value for fact, value in one.items())


def _contradict(one: Entry, other: Entry) -> bool:
    return (
        (one.province, one.subject) == (other.province, other.subject)
        and not exclude_each_other(one.when, other.when)
        and letters(written(one)) != letters(written(other))
    )


def _unknown(when: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for fact, value in when.items():
        if fact not in load_conditions():
            yield "unknown_fact", fact
        elif value not in load_conditions()[fact].labels:
            yield "unknown_value", f"{fact}: {value}"
