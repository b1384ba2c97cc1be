"""The question that tells two near topics apart when the ranking cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from faq.book import HERE, read_yaml


class NearTopics(NamedTuple):
    """`labels` names what the person chooses, by entry, in the order shown."""

    ask: str
    labels: Mapping[str, str]


@cache
def load_near_topics() -> Mapping[frozenset[str], NearTopics]:
    return {
        frozenset(body["choices"]): NearTopics(body["ask"], body["choices"])
        for body in read_yaml(HERE / "near_topics.yml")
    }


def telling_apart(offered: Sequence[str]) -> NearTopics | None:
    """Return the question for entries that may be meant, if just two are left and they are known to be near."""
    return load_near_topics().get(frozenset(offered)) if len(offered) == 2 else None
