"""The pictures of the report, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "understanding"  # the same figures, the same file

from matplotlib import pyplot as plt  # noqa: E402

from benchmarks.understanding.measure import Figures  # noqa: E402


def accuracy_and_time(table: Sequence[Figures], path: Path) -> None:
    picture, axes = plt.subplots(figsize=(7, 4.5))
    for row in table:
        axes.scatter(row.median, 100 * row.first, s=60)
        axes.annotate(
            row.name,
            (row.median, 100 * row.first),
            textcoords="offset points",
            xytext=(6, 5),
        )
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds a question (median)")
    axes.set_ylabel("first entry right, %")
    axes.margins(x=0.25, y=0.1)
    _written(picture, path)


def precision_and_coverage(curves: Mapping[str, Sequence[tuple[float, float]]], path: Path) -> None:
    picture, axes = plt.subplots(figsize=(7, 4.5))
    for name, points in curves.items():
        axes.plot(
            [100 * covered for covered, _ in points],
            [100 * precision for _, precision in points],
            label=name,
        )
    axes.set_xlabel("questions of the book answered rightly, %")
    axes.set_ylabel("of all answers given, right, %")
    axes.set_ylim(60, 101)
    axes.legend(loc="lower left")
    _written(picture, path)


def confusion(pairs: Sequence[tuple[str, str, int]], path: Path) -> None:
    """Draw the entries that were taken for another; an entry that never was has no row."""
    meant = sorted({pair[0] for pair in pairs})
    taken = sorted({pair[1] for pair in pairs})
    picture, axes = plt.subplots(figsize=(max(5, 0.42 * len(taken) + 3), max(3.5, 0.32 * len(meant) + 2)))
    cells = [
        [next((n for m, t, n in pairs if (m, t) == (row, column)), 0) for column in taken] for row in meant
    ]
    axes.imshow(cells, cmap="Reds", vmin=0)
    for row, counts in enumerate(cells):
        for column, count in enumerate(counts):
            if count:
                axes.text(column, row, str(count), ha="center", va="center")
    axes.set_xticks(range(len(taken)), taken, rotation=90, fontsize=7)
    axes.set_yticks(range(len(meant)), meant, fontsize=7)
    axes.set_xlabel("taken for")
    axes.set_ylabel("meant")
    _written(picture, path)


def _written(picture: plt.Figure, path: Path) -> None:
    picture.tight_layout()
    picture.savefig(path, metadata={"Date": None})
    plt.close(picture)
