"""Which province a text speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from faq.book import HERE, read_yaml

SERVED = ("gd", "hn")
OTHER = "other"


def province_of(text: str) -> str | None:
    """
    Return `gd`, `hn` or `other` for the province that a text names, None when it names none or both of ours.

    A served province wins over others: who moved from elsewhere still asks about the hall here.
    """
    places = _places()
    named = {places[found] for found in _pattern().findall(text)}
    served = named & set(SERVED)
    if served:
        return served.pop() if len(served) == 1 else None
    return OTHER if named else None


def named_places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text names a place of a province."""
    for match in _pattern().finditer(text):
        yield match.span()


def name_of(province: str) -> str:
    """Return what people call a province; `places.yml` names it first."""
    return next(place for place, of in _places().items() if of == province)


@cache
def _places() -> dict[str, str]:
    body: dict[str, list[str]] = read_yaml(HERE / "lexicon" / "places.yml")
    return {place: province for province, places in body.items() for place in places}


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(place) for place in sorted(_places(), key=len, reverse=True)))
