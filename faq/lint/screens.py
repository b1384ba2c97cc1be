"""The tapped screens: every way leads somewhere, every entry can be reached, and no screen is a dead end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from faq.book import Book, load_flows
from faq.lint.entries import AUDIENCES, wrong_addresses, wrong_citation
from faq.lint.finding import Finding
from faq.places import SERVED
from faq.screens import Screen, Way, reachable

FILE = "screens"
MENU, GUIDE = "menu", "guide"
MOST_WAYS = 8
LONGEST_LABEL = 16
TAPS_TO_ENTRY = 4  # from the menu
TAPS_TO_ADVICE = 5  # from the guide

_REMEMBERED = {"province": SERVED, "audience": AUDIENCES}


def check(book: Book, screens: Sequence[Screen]) -> Iterator[Finding]:
    by_id = {screen.id: screen for screen in screens}
    for screen in screens:
        for key, text in (*_of_screen(screen), *_of_ways(book, by_id, screen)):
            yield Finding(FILE, key, f"{screen.id}: {text}")
    if all(way.screen is None or way.screen in by_id for screen in screens for way in screen.ways):
        for key, text in _distances(book, by_id):
            yield Finding(FILE, key, text)


def province_of_screen(screen_id: str) -> str | None:
    """Return the province that the screen's id names: `menu.gd.recover` is about `gd`."""
    named = set(screen_id.split(".")) & set(SERVED)
    return named.pop() if named else None


def _of_screen(screen: Screen) -> Iterator[tuple[str, str]]:
    if not screen.text:
        yield "no_text", "says nothing"
    if not screen.ways:
        yield "dead_end", "has no way on"
    if len(screen.ways) > MOST_WAYS:
        yield "too_many_ways", f"{len(screen.ways)}, not {MOST_WAYS}"
    province = province_of_screen(screen.id)
    if screen.advice and province:
        for citation in screen.advice.source:
            yield from wrong_citation(citation.document, citation.section, province)
        if not screen.advice.source:
            yield "no_source", "its advice cites no document"
        yield from wrong_addresses(f"{screen.text}\n{screen.advice.next}", province)


def _of_ways(book: Book, screens: Mapping[str, Screen], screen: Screen) -> Iterator[tuple[str, str]]:
    province = province_of_screen(screen.id)
    for way in screen.ways:
        yield from _destination(book, screens, way)
        if len(way.label) > LONGEST_LABEL:
            yield "label_too_long", way.label
        if way.entry in book and province and book[way.entry or ""].province != province:
            yield "entry_of_other_province", str(way.entry)
        for fact, value in way.remember.items():
            if value not in _REMEMBERED.get(fact, ()):
                yield "unknown_value", f"{fact}: {value}"


def _destination(book: Book, screens: Mapping[str, Screen], way: Way) -> Iterator[tuple[str, str]]:
    if sum(goal is not None for goal in (way.screen, way.entry, way.intent)) != 1:
        yield "way_leads_nowhere", f"{way.label} must lead to one screen, entry or intent"
    if way.screen is not None and way.screen not in screens:
        yield "way_leads_nowhere", way.screen
    if way.entry is not None and way.entry not in book:
        yield "way_leads_nowhere", way.entry
    if way.intent is not None and way.intent not in load_flows():
        yield "way_leads_nowhere", way.intent


def _distances(book: Book, screens: Mapping[str, Screen]) -> Iterator[tuple[str, str]]:
    if MENU in screens:
        opened = [screen for taps, screen in reachable(MENU, screens) if taps < TAPS_TO_ENTRY]
        near = {way.entry for screen in opened for way in screen.ways}
        for entry in book:
            if entry.id not in near:
                yield "entry_out_of_reach", f"{entry.id}: not within {TAPS_TO_ENTRY} taps of the menu"
    if GUIDE in screens:
        advised = {screen.id for taps, screen in reachable(GUIDE, screens) if taps <= TAPS_TO_ADVICE}
        for screen in screens.values():
            if screen.advice and screen.id not in advised:
                yield "advice_out_of_reach", f"{screen.id}: not within {TAPS_TO_ADVICE} taps of the guide"
