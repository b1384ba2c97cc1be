"""
`python -m benchmarks.understanding`: ours beside its rivals on the development questions; writes the report's pictures.

    --rasa [NAME …]   with stock Rasa, both pipelines or the one named, trained first when it has not been (hours)
    --public FOLDER   the public retrieval sets in that folder instead
    --without VOICE   voices of the book that are left out of the training and asked instead: story, elder …
    --report FOLDER   where table and pictures are written; docs/understanding by default
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.stock_rasa import EPOCHS, FALLBACK, PIPELINES
from benchmarks.understanding import left_out, pictures, public
from benchmarks.understanding.measure import Asked, Figures, ask, by_kind, confusions, curve, figures
from benchmarks.understanding.questions import ROOT, measuring, taught
from benchmarks.understanding.rivals import (
    Ours,
    Regression,
    Rival,
    Searching,
    by_bm25,
    by_letters,
    by_vector,
)
from hrss import logs

OURS = "ours"
REPORT = ROOT / "docs" / "understanding"
HEAD = "| | top-1 | top-3 | answered rightly | answered wrongly | outside answered | median ms | 99% ms |"


def rivals(rasa: Sequence[str]) -> Iterator[tuple[str, Callable[[], Rival], float | None]]:
    """Yield name, maker and threshold: none where it is set for the rival, so that 3% of what is outside is answered."""
    examples = taught()
    yield OURS, Ours, 0.0
    yield "TF-IDF + regression", lambda: Regression(examples), None
    yield "nearest vectors", lambda: Searching(examples, by_vector), None
    yield "BM25", lambda: Searching(examples, by_bm25), None
    yield "rapidfuzz", lambda: Searching(examples, by_letters), None
    if rasa:
        from benchmarks.understanding.stock_rasa import StockRasa

        for pipeline in rasa:
            name = f"{pipeline}, {EPOCHS} epochs"
            yield name, partial(StockRasa, pipeline), float(FALLBACK["threshold"])


def table(rows: Sequence[Figures]) -> str:
    lines = [HEAD, "| --- " * 8 + "|"]
    for row in rows:
        shares = (row.first, row.among_three, row.answered, row.wrong, row.outside)
        cells = [row.name, *(f"{share:.1%}" for share in shares), f"{row.median:.1f}", f"{row.slowest:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(everyone: Sequence[Asked], rows: Sequence[Figures]) -> str:
    ours = everyone[0]
    counts = " + ".join(str(len(measuring(name))) for name in ("utterances", "oos", "ambiguous"))
    parts = [
        f"{counts} questions: of the book, outside, ambiguous. The province of the page is known for the first.",
        table(rows),
        "By voice, worst first: "
        + "; ".join(f"{voice} {share:.1%} of {count}" for voice, count, share in by_kind(ours, "register"))
        + ".",
        "By subject of the hall, where any was missed: "
        + "; ".join(f"{topic} {share:.0%}" for topic, _, share in by_kind(ours, "topic") if share < 1)
        + ".",
        "Taken for another: "
        + "; ".join(f"{meant} for {taken}" for meant, taken, _ in confusions(ours))
        + ".",
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.understanding")
    parser.add_argument("--rasa", nargs="*", metavar="NAME", choices=PIPELINES)
    parser.add_argument("--public", type=Path)
    parser.add_argument("--without", nargs="+", metavar="VOICE")
    parser.add_argument("--report", type=Path, default=REPORT)
    chosen = parser.parse_args(arguments)
    logs.configure(stream=sys.stderr)
    if chosen.public:
        print(public.report(chosen.public))
        return 0
    if chosen.without:
        for line in left_out.report(chosen.without):
            print(line, flush=True)
        return 0

    run(() if chosen.rasa is None else chosen.rasa or list(PIPELINES), chosen.report)
    print((chosen.report / "table.md").read_text(encoding="utf-8"))
    return 0


def run(rasa: Sequence[str], folder: Path) -> list[Figures]:
    """Ask ours and its rivals, stock Rasa's pipelines that are named last; write table and pictures."""
    everyone, rows = [], []
    for name, make, threshold in rivals(rasa):
        everyone.append(ask(name, make()))
        rows.append(figures(everyone[-1], threshold))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(report(everyone, rows), encoding="utf-8")
    pictures.accuracy_and_time(rows, folder / "accuracy-and-time.svg")
    pictures.precision_and_coverage(
        {asked.name: curve(asked) for asked in everyone}, folder / "precision-and-coverage.svg"
    )
    pictures.confusion(confusions(everyone[0]), folder / "confusion.svg")
    return rows


if __name__ == "__main__":
    sys.exit(main())
