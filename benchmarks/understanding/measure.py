"""What a rival did with the questions, as figures."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from benchmarks.understanding.questions import measuring
from benchmarks.understanding.rivals import Guess, Rival

ALLOWED_OUTSIDE = (
    0.03  # share of the questions outside that a rival may answer when its threshold is set for it
)


@dataclass
class Asked:
    """Guesses in the order of the development questions, and the milliseconds each took."""

    name: str
    inside: list[Guess] = field(default_factory=list)
    outside: list[Guess] = field(default_factory=list)
    vague: list[Guess] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def ask(name: str, rival: Rival) -> Asked:
    """Ask a rival everything; the province of the page is given for the questions inside only."""
    asked = Asked(name)
    for kind, answers in (("utterances", asked.inside), ("oos", asked.outside), ("ambiguous", asked.vague)):
        for question in measuring(kind):
            province = question["topic"][:2] if kind == "utterances" else None
            started = time.perf_counter()
            answers.append(rival.guess(question["text"], province))
            asked.milliseconds.append((time.perf_counter() - started) * 1000)
    return asked


@dataclass(frozen=True)
class Figures:
    """
    Shares of the questions, as the table shows them.

    `answered` is the share of questions inside that are answered rightly, and `wrong` wrongly, where `outside` of
    those outside are answered: by our own decision, or at the threshold that suits the rival best.
    """

    name: str
    first: float
    among_three: float
    answered: float
    wrong: float
    outside: float
    median: float
    slowest: float


def figures(asked: Asked, threshold: float | None = None) -> Figures:
    """Return the figures; without a threshold the one that answers no more than `ALLOWED_OUTSIDE` is taken."""
    topics = [question["topic"] for question in measuring("utterances")]
    sure = sorted((guess.confidence for guess in asked.outside), reverse=True)
    if threshold is None:
        threshold = sure[int(ALLOWED_OUTSIDE * len(sure))] + 1e-9
    given = [guess.confidence >= max(threshold, 1e-9) for guess in asked.inside]
    right = [guess.ranked[:1] == [topic] for guess, topic in zip(asked.inside, topics)]
    return Figures(
        asked.name,
        first=float(np.mean(right)),
        among_three=float(np.mean([topic in guess.ranked[:3] for guess, topic in zip(asked.inside, topics)])),
        answered=float(np.mean([g and r for g, r in zip(given, right)])),
        wrong=float(np.mean([g and not r for g, r in zip(given, right)])),
        outside=float(np.mean([confidence >= max(threshold, 1e-9) for confidence in sure])),
        median=float(np.percentile(asked.milliseconds, 50)),
        slowest=float(np.percentile(asked.milliseconds, 99)),
    )


def curve(asked: Asked) -> list[tuple[float, float]]:
    """Return coverage and precision over everything asked, from the surest guess down; what is outside has no right answer."""
    topics = [question["topic"] for question in measuring("utterances")]
    judged = [(g.confidence, g.ranked[:1] == [topic]) for g, topic in zip(asked.inside, topics)]
    judged += [(g.confidence, False) for g in asked.outside]
    judged = sorted((pair for pair in judged if pair[0] > 0), reverse=True)
    right = np.cumsum([correct for _, correct in judged])
    return [
        (float(right[place]) / len(topics), float(right[place]) / (place + 1)) for place in range(len(judged))
    ]


def confusions(asked: Asked) -> list[tuple[str, str, int]]:
    """Return the entries taken for another, most often first."""
    topics = [question["topic"] for question in measuring("utterances")]
    found = Counter(
        (topic, guess.ranked[0])
        for guess, topic in zip(asked.inside, topics)
        if guess.ranked and guess.ranked[0] != topic
    )
    return [(meant, taken, count) for (meant, taken), count in found.most_common()]


def by_kind(asked: Asked, key: str) -> list[tuple[str, int, float]]:
    """Return how often the first entry was right for every value of `register` or `topic`, worst first."""
    values: dict[str, list[bool]] = {}
    for guess, question in zip(asked.inside, measuring("utterances")):
        values.setdefault(str(question[key]), []).append(guess.ranked[:1] == [question["topic"]])
    rows = [(value, len(right), float(np.mean(right))) for value, right in values.items()]
    return sorted(rows, key=lambda row: row[2])
