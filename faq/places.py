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


def without_places(text: str) -> str:
    """
    Return a text without the places of the provinces served, which say whose rules are meant and nothing of the matter.

    >>> without_places("佛山的公司想换经办人"), without_places("粤信签点不动"), without_places("广东")
    ('公司想换经办人', '粤信签点不动', '广东')
    """
    return _served_pattern().sub(" ", text).strip(" ,") or text


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


@cache
def _served_pattern() -> re.Pattern[str]:
    """A single character is no place by itself here: 粤省事 and 粤信签 are names of their own."""
    served = [place for place, province in _places().items() if province in SERVED and len(place) > 1]
    names = "|".join(re.escape(place) for place in sorted(served, key=len, reverse=True))
    return re.compile(f"(?:{names})(?:省|市|这边|那边)?的?")
