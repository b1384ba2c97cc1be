"""The questions back: each leads to entries, and to more than one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from faq.book import Book
from faq.clean import heard_in_book
from faq.lint.finding import Finding
from faq.understanding import Clarification

FILE = "clarifications.yml"


def check(book: Book, clarifications: Sequence[Clarification]) -> Iterator[Finding]:
    answered = {heard_in_book(said): entry.id for entry in book for said in entry.said()}
    asked: dict[str, str] = {}
    for clarification in clarifications:
        if len(clarification.choices) < 2:
            yield Finding(FILE, "no_choice", f"{clarification.id}: fewer than two choices")
        for choice in clarification.choices:
            if choice.entry is None and not choice.remember:
                yield Finding(FILE, "unknown_entry", f"{clarification.id}: {choice.label} leads nowhere")
            elif choice.entry is not None and choice.entry not in book:
                yield Finding(FILE, "unknown_entry", f"{clarification.id}: {choice.entry}")
        for phrase in clarification.phrases:
            words = heard_in_book(phrase)
            where = answered.get(words) or asked.setdefault(words, clarification.id)
            if where != clarification.id:
                yield Finding(FILE, "phrase_shared", f"{clarification.id}: {phrase}: stands in {where} too")
