"""The pages of a hall from which people come: what each is called, and the screen that fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from faq.book import HERE, read_yaml
from faq.places import SERVED


@dataclass(frozen=True)
class Page:
    """A page, by the key with which it names itself; `screens` by province."""

    key: str
    name: str
    screens: Mapping[str, str]


@cache
def load_pages() -> dict[str, Page]:
    return {
        key: Page(key, body["name"], {province: body[province] for province in SERVED if province in body})
        for key, body in read_yaml(HERE / "pages.yml").items()
    }
