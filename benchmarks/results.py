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
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from multiprocessing import get_context
from pathlib import Path

from benchmarks import stock_rasa
from benchmarks.table import Row, machine, table

RESULTS = Path(__file__).parent / "results.md"
MESSAGES, LONG = 400, 200


def understood() -> list[Row]:
    """The development questions; the goals bound ours alone."""
    from benchmarks.understanding.__main__ import REPORT, run

    figures = run([stock_rasa.USUAL], REPORT)
    ours, rival = figures[0], figures[-1]
    rows = []
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
        both = (share * getattr(ours, name), share * getattr(rival, name))
        rows.append(Row(measure, unit, *both, goal, absolute=True))
    return rows


def answered() -> list[Row]:
    from benchmarks.messages.__main__ import run

    return asyncio.run(run(MESSAGES, LONG))


def trained() -> list[Row]:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bot", "train"], check=True, stdout=subprocess.DEVNULL)
    return [Row("training from clean", "s", time.perf_counter() - began, goal="≤ 60", absolute=True)]


def taken_in() -> list[Row]:
    from benchmarks.refund_import import measure

    return [
        Row(f"100 000 assessments, {run.file} into {run.database}", "s", run.seconds) for run in measure()
    ]


def alone(part: Callable[[], list[Row]]) -> list[Row]:
    """Measure in a process of its own: stock Rasa needs the TensorFlow that ours leaves out."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(part).result()


def main() -> int:
    stock_rasa.trained(stock_rasa.USUAL)  # before any clock runs
    load = os.getloadavg()[0]
    rows = [row for part in (understood, answered, trained, taken_in) for row in alone(part)]
    RESULTS.write_text(
        f"# Results\n\nWritten by `make bench` on {datetime.now(timezone.utc):%Y-%m-%d}: {machine()}, load {load:.1f} before it began. "
        f"The rival is stock Rasa, whose DIET was trained for {stock_rasa.EPOCHS} epochs.\n\n{table(rows)}\n",
        encoding="utf-8",
    )
    print(RESULTS.read_text(encoding="utf-8"))
    return 0
