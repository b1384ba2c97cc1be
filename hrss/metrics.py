"""Figures of a process, in the text format that Prometheus reads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Labels = tuple[str, ...]


class Counter:
    """Something that only grows, by its labels."""

    kind = "counter"

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self._values: dict[Labels, float] = {}
        self._lock = threading.Lock()

    def add(self, *values: str, amount: float = 1) -> None:
        with self._lock:
            self._values[values] = self._values.get(values, 0) + amount

    def samples(self) -> Iterable[str]:
        with self._lock:
            found = sorted(self._values.items())
        return [_sample(self.name, zip(self.labels, values), count) for values, count in found]


class Gauge(Counter):
    """Something that grows and shrinks."""

    kind = "gauge"

    def set(self, *values: str, to: float) -> None:
        with self._lock:
            self._values[values] = to


class Histogram:
    """How long something took, in seconds, by its labels."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        self._lock = threading.Lock()

    def observe(self, seconds: float, *values: str) -> None:
        with self._lock:
            counts = self._counts.setdefault(values, [0] * (len(SECONDS) + 1))
            counts[bisect_left(SECONDS, seconds)] += 1
            self._sums[values] = self._sums.get(values, 0) + seconds

    def samples(self) -> Iterable[str]:
        with self._lock:
            found = [(values, list(counts), self._sums[values]) for values, counts in self._counts.items()]
        for values, counts, total in sorted(found):
            labels, below = list(zip(self.labels, values)), 0
            for limit, count in zip((*map(str, SECONDS), "+Inf"), counts):
                below += count
                yield _sample(f"{self.name}_bucket", [*labels, ("le", limit)], below)
            yield _sample(f"{self.name}_sum", labels, total)
            yield _sample(f"{self.name}_count", labels, below)


Metric = Counter | Histogram


def exposition(metrics: Iterable[Metric]) -> str:
    """Return what Prometheus reads of these metrics."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}"]
        lines += metric.samples()
    return "\n".join([*lines, ""])


def gauge(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Gauge:
    """Return a gauge of figures that were read somewhere else."""
    read = Gauge(name, meaning, label)
    for value, figure in values.items():
        read.set(value, to=figure)
    return read


def _sample(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{shown}}} {value:g}" if shown else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
