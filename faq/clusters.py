"""Questions put together by what they mean, with the sentence encoder that ranks them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from faq.clean import clean, heard
from faq.encoders import Vectors, encoder
from hrss.unknowns import Unknown, Why

APART = 0.42  # mean cosine distance from which questions are no longer put together
MOST = 1200  # different questions that are put together at a time, the most frequent first
WEEK = timedelta(days=7)
KEPT = 20_000  # vectors that are remembered

_known: dict[str, Vectors] = {}


@dataclass(frozen=True)
class Cluster:
    """
    Questions that mean the same, the most frequent first.

    `nearest` are the entries that stood highest, with their mean score; `gap` is by how much the first led.
    """

    texts: tuple[str, ...]
    times: int
    this_week: int
    last_week: int
    why: tuple[tuple[Why, int], ...]
    provinces: tuple[str, ...]
    nearest: tuple[tuple[str, float], ...]
    gap: float
    examples: tuple[tuple[str, int], ...]  # conversation and line


def clustered(unknowns: Sequence[Unknown], now: datetime) -> list[Cluster]:
    """Put them together; the largest first, those that grow before those that do not."""
    by_words: defaultdict[str, list[Unknown]] = defaultdict(list)
    for each in unknowns:
        by_words[heard(each.text)].append(each)
    by_words.pop("", None)
    words = sorted(by_words, key=lambda each: -len(by_words[each]))[:MOST]
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for word, number in zip(words, _numbers([by_words[word][0].text for word in words])):
        groups[number].append(word)
    found = [_cluster([by_words[word] for word in group], now) for group in groups.values()]
    return sorted(found, key=lambda each: (-each.times, each.last_week - each.this_week, each.texts))


def _numbers(texts: Sequence[str]) -> list[int]:
    """To which group each text belongs."""
    if len(texts) < 2:
        return list(range(len(texts)))
    tree = linkage(_vectors(texts), method="average", metric="cosine")
    return [int(number) for number in fcluster(tree, APART, criterion="distance")]


def _vectors(texts: Sequence[str]) -> Vectors:
    cleaned = [clean(text) or text for text in texts]
    missing = [text for text in dict.fromkeys(cleaned) if text not in _known]
    if len(_known) > KEPT:
        _known.clear()
        missing = list(dict.fromkeys(cleaned))
    for start in range(0, len(missing), 128):
        batch = missing[start : start + 128]
        _known.update(zip(batch, encoder("universal").encode(batch)))
    return np.vstack([_known[text] for text in cleaned])


def _cluster(same: Sequence[Sequence[Unknown]], now: datetime) -> Cluster:
    members = [each for group in same for each in group]
    scores: defaultdict[str, float] = defaultdict(float)
    for each in members:
        for entry, score in each.candidates:
            scores[entry] += score / len(members)
    nearest = tuple(sorted(scores.items(), key=lambda item: -item[1])[:3])
    return Cluster(
        texts=tuple(group[0].text for group in same),
        times=len(members),
        this_week=_within(members, now - WEEK, now),
        last_week=_within(members, now - 2 * WEEK, now - WEEK),
        why=tuple(Counter(each.why for each in members).most_common()),
        provinces=tuple(sorted({each.province for each in members if each.province})),
        nearest=nearest,
        gap=nearest[0][1] - nearest[1][1] if len(nearest) > 1 else sum(score for _, score in nearest),
        examples=tuple((each.conversation_id, each.seq) for each in members[:3]),
    )


def _within(members: Iterable[Unknown], since: datetime, until: datetime) -> int:
    return sum(since <= each.at < until for each in members)
