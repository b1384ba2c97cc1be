"""Screens that are reached by tapping: the menu, from which everything can be reached, and the decision guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from faq.book import HERE, Citation, load_sources, read_yaml


@dataclass(frozen=True)
class Way:
    """
    A button of a screen, and where it leads: another screen, an entry of the book, or something to say (an intent).

    A way without a label is named by what it leads to. `remember` holds what is known of a person who took it,
    such as the province.
    """

    label: str = ""
    screen: str | None = None
    entry: str | None = None
    intent: str | None = None
    remember: Mapping[str, str] = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "remember", dict(self.remember))


@dataclass(frozen=True)
class Advice:
    """What the decision guide ends with: identity system, level reached, level needed, next step."""

    system: str
    reached: str
    needed: str
    next: str
    source: tuple[Citation, ...]


@dataclass(frozen=True)
class Screen:
    id: str
    text: str
    ways: tuple[Way, ...] = ()
    advice: Advice | None = None

    @classmethod
    def from_body(cls, screen_id: str, body: Mapping[str, Any]) -> Screen:
        advice = body.get("advice")
        if advice:
            advice = Advice(**{**advice, "source": tuple(Citation(**item) for item in advice["source"])})
        return cls(
            id=screen_id,
            text=str(body.get("text", "")).strip(),
            ways=tuple(Way(**way) for way in body.get("ways") or ()),
            advice=advice,
        )

    def source(self) -> str | None:
        if not self.advice:
            return None
        titles = load_sources()
        return "；".join(f"《{titles[item.document]}》{item.section}" for item in self.advice.source)


@cache
def load_screens() -> dict[str, Screen]:
    screens: dict[str, Screen] = {}
    for path in sorted((HERE / "screens").glob("*.yml")):
        for screen_id, body in read_yaml(path).items():
            screens[screen_id] = Screen.from_body(screen_id, body)
    return screens


def reachable(start: str, screens: Mapping[str, Screen]) -> Iterator[tuple[int, Screen]]:
    """Yield every screen that taps lead to from `start`, each once, with the least number of taps."""
    seen, front = {start}, [start]
    taps = 0
    while front:
        for screen_id in front:
            yield taps, screens[screen_id]
        following = [way.screen for screen_id in front for way in screens[screen_id].ways if way.screen]
        front = [screen for screen in dict.fromkeys(following) if screen not in seen]
        seen.update(front)
        taps += 1
