"""Questions of the book that a person may be about to type, in characters or by the letters of their pinyin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pypinyin import lazy_pinyin
from rapidfuzz import fuzz, process

from faq.book import Book
from faq.clean import clean, plain

MOST = 6
LIKE = 62.0  # rapidfuzz score from which a phrase resembles what was typed so far
_LATIN = re.compile(r"[a-z]{2}")
_NO_LETTER = re.compile(r"[^a-z]")


class Suggestion(NamedTuple):
    entry: str
    question: str


class _Phrase(NamedTuple):
    """Something people say for an entry; `initials` and `pinyin` are its letters: 密码 is `mm` and `mima`."""

    entry: str
    text: str
    initials: str
    pinyin: str


def suggest(book: Book, typed: str, province: str | None = None) -> list[Suggestion]:
    """
    Return at most six entries one of whose phrases resembles the text typed so far, best first.

    Letters are read as pinyin, whole or initials, also among characters: `zhmm`, `zhaohuimima`, `单位zhmm`.
    """
    written, cleaned = plain(typed), clean(typed)
    if len(cleaned) < 2:
        return []
    phrases = _phrases(book, province)
    found = list(_spelt(phrases, written)) if _LATIN.search(written) else []
    found += _resembling(phrases, cleaned)
    return [Suggestion(entry, book[entry].question) for entry in list(dict.fromkeys(found))[:MOST]]


def _spelt(phrases: tuple[_Phrase, ...], typed: str) -> Iterator[str]:
    """Yield the entries whose phrases have these letters in them, the phrase with the least around them first."""
    initials, pinyin = _letters(typed)
    fitting = [each for each in phrases if initials in each.initials or pinyin in each.pinyin]
    return (each.entry for each in sorted(fitting, key=lambda each: len(each.initials)))


def _resembling(phrases: tuple[_Phrase, ...], typed: str) -> list[str]:
    texts = [each.text for each in phrases]
    found = process.extract(typed, texts, scorer=fuzz.partial_ratio, limit=60, score_cutoff=LIKE)
    return [phrases[place].entry for _, _, place in found]


@lru_cache(maxsize=50_000)  # a new version of the book is mostly the one before
def _letters(text: str) -> tuple[str, str]:
    """Return the initials of a text and its whole pinyin; what is written in letters spells itself."""
    syllables = [_NO_LETTER.sub("", each.lower()) for each in lazy_pinyin(text, errors=list)]  # type: ignore[arg-type]
    return "".join(each[:1] for each in syllables), "".join(syllables)


@lru_cache(maxsize=8)
def _phrases(book: Book, province: str | None) -> tuple[_Phrase, ...]:
    return tuple(
        _Phrase(entry.id, text, *_letters(text))
        for entry in book
        if province in (None, entry.province)
        for text in map(clean, entry.said())
    )
