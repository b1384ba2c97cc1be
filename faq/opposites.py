"""What a text rules out because it says the opposite: who asks how to bind does not ask how to release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from faq.book import HERE, read_yaml

LEFT = 0.2  # of the probability of what a text speaks against; words are no proof


class Side(NamedTuple):
    said: re.Pattern[str]
    labels: frozenset[str]


class Opposites(NamedTuple):
    """`second` is looked for first, for its words may hold those of `first`: 取消绑定 says nothing of binding."""

    name: str
    first: Side
    second: Side


@cache
def load_opposites() -> tuple[Opposites, ...]:
    return tuple(
        Opposites(
            body["name"],
            *(Side(re.compile(side["said"]), frozenset(side["labels"])) for side in body["sides"]),
        )
        for body in read_yaml(HERE / "lexicon" / "opposites.yml")
    )


def spoken_against(cleaned: str) -> Iterator[str]:
    """Yield the labels of every side whose opposite a cleaned text names, when it names only that."""
    for pair in load_opposites():
        rest = pair.second.said.sub(" ", cleaned)
        second, first = rest != cleaned, bool(pair.first.said.search(rest))
        if first and not second:
            yield from pair.second.labels
        elif second and not first:
            yield from pair.first.labels


def told_apart(scores: Mapping[str, float], cleaned: str) -> dict[str, float]:
    """Return the scores with little left of what the text speaks against; they sum to one again."""
    against = set(spoken_against(cleaned))
    told = {label: score * (LEFT if label in against else 1) for label, score in scores.items()}
    total = sum(told.values())
    return {label: score / total for label, score in told.items()}
