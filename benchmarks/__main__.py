"""
`make bench`: what can be measured in a quarter of an hour, ours beside stock Rasa's, in one table; kept in `benchmarks/results.md`.

Stock Rasa is trained first when it has not been, for `RASA_EPOCHS` epochs (100, which takes hours).
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import refund_import, stock_rasa
from benchmarks.messages.__main__ import run as hold_conversations
from benchmarks.table import Row, machine, table
from benchmarks.understanding.__main__ import REPORT
from benchmarks.understanding.__main__ import run as ask_everyone

RESULTS = Path(__file__).parent / "results.md"
MESSAGES, LONG = 400, 1000
RIVAL = "rasa_diet"


def understood() -> Iterator[Row]:
    """The development questions; the goals bound ours alone."""
    figures = ask_everyone([RIVAL], REPORT)
    ours, rival = figures[0], figures[-1]
    for measure, unit, name, goal in (
        ("the right entry ranks first", "%", "first", "≥ 95"),
        ("… among three", "%", "among_three", "≥ 99"),
        ("answered rightly", "%", "answered", ""),
        ("answered wrongly", "%", "wrong", "≤ 2"),
        ("outside, answered all the same", "%", "outside", "≤ 3"),
        ("to understand a question, median", "ms", "median", "≤ 4"),
        ("… 99th percentile", "ms", "slowest", "≤ 25"),
    ):
        share = 100 if unit == "%" else 1
        yield Row(
            measure, unit, share * getattr(ours, name), share * getattr(rival, name), goal, absolute=True
        )


def trained() -> Row:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bot", "train"], check=True, stdout=subprocess.DEVNULL)
    return Row("training from clean", "s", time.perf_counter() - began, goal="≤ 60", absolute=True)


def taken_in() -> Iterator[Row]:
    for run in refund_import.measure():
        yield Row(f"100 000 assessments, {run.file} into {run.database}", "s", run.seconds)


def main() -> int:
    stock_rasa.trained(RIVAL)  # before any clock runs
    load = os.getloadavg()[0]
    rows = [
        *understood(),
        *asyncio.run(hold_conversations(MESSAGES, LONG)),
        trained(),
        *taken_in(),
    ]
    RESULTS.write_text(
        f"# Results\n\nWritten by `make bench` on {datetime.now(timezone.utc):%Y-%m-%d}: {machine()}, load {load:.1f} before it began. "
        f"The rival is stock Rasa, whose DIET was trained for {stock_rasa.EPOCHS} epochs.\n\n{table(rows)}\n",
        encoding="utf-8",
    )
    print(RESULTS.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
