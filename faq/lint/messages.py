"""The catalogue of error messages: each leads to an entry of its province, and no two look the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faq.book import Book
from faq.clean import heard_in_book
from faq.lint.entries import file_of
from faq.lint.finding import Finding
from faq.messages import ErrorMessage

FILE = "error_messages.yml"

_SHOWN = re.compile(r"(?:提示|报错|显示|弹出|出现)[^“”]{0,4}“([^”]+)”")


def check(book: Book, messages: Sequence[ErrorMessage]) -> Iterator[Finding]:
    forms: dict[str, ErrorMessage] = {}
    for error in messages:
        if error.entry not in book:
            yield Finding(FILE, "unknown_entry", f"{error.key}: {error.entry}")
        elif book[error.entry].province != error.province:
            yield Finding(FILE, "entry_of_other_province", f"{error.key}: {error.entry}")
        for form in (error.message, *error.variants):
            other = forms.setdefault(heard_in_book(form), error)
            if other is not error:
                yield Finding(FILE, "message_shared", f"{error.key}: {form}: stands in {other.key} too")
    for entry in book:
        known = [form for form, error in forms.items() if error.province == entry.province]
        for quoted in _SHOWN.findall(entry.question):
            if not any(heard_in_book(quoted) in form for form in known):
                yield Finding(file_of(entry.id), "message_not_catalogued", quoted)
