"""What people say: enough of it, in every voice, and nothing that two entries claim."""

from __future__ import annotations

from collections.abc import Iterator

from faq.book import Book, Entry
from faq.clean import heard_in_book
from faq.lint.entries import file_of
from faq.lint.finding import Finding

ENOUGH = 30
VOICES = (
    *("plain", "terse", "polite", "colloquial", "elder", "typo"),
    *("cantonese", "traditional", "dictated", "terms", "story"),
)
PASTE = "paste"  # only where there is a message or a screen that people paste


def check(book: Book) -> Iterator[Finding]:
    claimed: dict[str, Entry] = {}
    for entry in book:
        file = file_of(entry.id)
        phrases = [phrase for said in entry.phrases.values() for phrase in said]
        if len(phrases) < ENOUGH:
            yield Finding(file, "too_few_phrases", f"{len(phrases)}, not {ENOUGH}")
        for voice in VOICES:
            if not entry.phrases.get(voice):
                yield Finding(file, "voice_missing", voice)
        for voice in entry.phrases:
            if voice not in (*VOICES, PASTE):
                yield Finding(file, "unknown_voice", voice)
        seen: set[str] = set()
        for phrase in phrases:
            if heard_in_book(phrase) in seen:
                yield Finding(file, "phrase_twice", phrase)
            seen.add(heard_in_book(phrase))
        for said in entry.said():
            other = claimed.setdefault(heard_in_book(said), entry)
            if other is not entry:
                yield Finding(file, "phrase_shared", f"{said}: stands in {other.id} too")
