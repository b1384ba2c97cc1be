"""
What is wrong with the book, said with the file and the reason.

`lint` judges a book that could be read, whether from files or from the database; `lint_files` also judges the
files themselves. Neither changes anything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from faq.book import ENTRIES, Book
from faq.lint import clarifications, conditions, conflicts, entries, facts, files, messages, phrases, screens
from faq.lint.conflicts import Conflict, load_conflicts
from faq.lint.finding import Finding
from faq.messages import ErrorMessage, load_messages
from faq.screens import Screen, load_screens
from faq.understanding import Clarification, load_clarifications

__all__ = ["Appendix", "Finding", "lint", "lint_files", "load_appendix"]


@dataclass(frozen=True)
class Appendix:
    """What stands beside the entries and refers to them."""

    clarifications: tuple[Clarification, ...] = ()
    messages: tuple[ErrorMessage, ...] = ()
    screens: tuple[Screen, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def load_appendix() -> Appendix:
    return Appendix(
        clarifications=tuple(load_clarifications().values()),
        messages=load_messages(),
        screens=tuple(load_screens().values()),
        conflicts=load_conflicts(),
    )


def lint(book: Book, appendix: Appendix, today: dt.date) -> list[Finding]:
    return sorted(
        {
            *entries.check(book, today),
            *conditions.check(book),
            *phrases.check(book),
            *clarifications.check(book, appendix.clarifications),
            *messages.check(book, appendix.messages),
            *screens.check(book, appendix.screens),
            *conflicts.check(book, appendix.conflicts),
        }
    )


def lint_files(
    appendix: Appendix, today: dt.date, folder: Path = ENTRIES, facts_folder: Path | None = None
) -> list[Finding]:
    """Lint the entries of a folder; with `facts_folder`, also what each answer must and must not say."""
    book, found = files.read(folder)
    if facts_folder:
        found += facts.check(book, facts_folder)
    return sorted({*found, *lint(book, appendix, today)})
