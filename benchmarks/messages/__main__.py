"""
`python -m benchmarks.messages`: a question and its answer over HTTP, persisted, ours beside stock Rasa's, in one run.

    --messages N     asked of each side one after another, and as many again over 32 connections (default 400)
    --long N         turns of the long conversation (default 1000; 0 leaves it out)
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.messages.load import Timed, ask, converse
from benchmarks.messages.sides import Ours, Side, StockRasa
from benchmarks.stock_rasa import USUAL, trained
from benchmarks.table import Row, table
from benchmarks.understanding.questions import measuring

CONNECTIONS = 32
ROUNDS = 4  # the sides take turns, so that what else the machine does falls on both
EARLY, AROUND = 10, 5  # turn 10 is the median of turns 5 to 15


async def measured(side: Side, questions: Sequence[str], into: dict[str, list[Timed]]) -> None:
    into[f"{side.name} alone"].append(await ask(side, questions, connections=1))
    into[f"{side.name} crowd"].append(await ask(side, questions, connections=CONNECTIONS))


def together(parts: Sequence[Timed]) -> Timed:
    every = [each for part in parts for each in part.milliseconds]
    return Timed(every, sum(part.seconds for part in parts), sum(part.cpu_seconds for part in parts))


async def run(messages: int, long: int) -> list[Row]:
    trained(USUAL)  # before any clock runs
    asked = [line["text"] for line in measuring("utterances")]
    random.Random(1).shuffle(asked)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as ours_at, tempfile.TemporaryDirectory() as rival_at:
        sides: list[Side] = [Ours(Path(ours_at)), StockRasa(Path(rival_at))]
        ours, rival = sides
        try:
            for side in sides:
                await side.start(asked[0])
                await ask(side, asked[:50], connections=4)  # nobody's first questions are timed
            parts: dict[str, list[Timed]] = {f"{s.name} {k}": [] for s in sides for k in ("alone", "crowd")}
            a_round = max(messages // ROUNDS, 1)
            for number in range(ROUNDS):
                questions = [asked[(number * a_round + n) % len(asked)] for n in range(a_round)]
                for side in sides:
                    await measured(side, questions, parts)
            alone, crowd = ([together(parts[f"{s.name} {k}"]) for s in sides] for k in ("alone", "crowd"))
            rows += [
                Row("one message, median", "ms", alone[0].median, alone[1].median, "≤ 1/3"),
                Row("one message, 99th percentile", "ms", alone[0].slowest, alone[1].slowest),
                Row("processor time a message, server", "ms", alone[0].cpu_ms, alone[1].cpu_ms),
                Row(
                    f"throughput at {CONNECTIONS} connections",
                    "/s",
                    crowd[0].a_second,
                    crowd[1].a_second,
                    "≥ 4",
                ),
                Row(f"median at {CONNECTIONS} connections", "ms", crowd[0].median, crowd[1].median),
                Row(
                    "memory of the server",
                    "MB",
                    ours.server.resident_mb(),
                    rival.server.resident_mb(),
                    "≤ 0.7",
                ),
                Row("cold start to first answer", "s", ours.cold_seconds, rival.cold_seconds, "≤ 1/2"),
            ]
            if long:
                early, late = [], []
                for side in sides:
                    turns = await converse(side, asked, long)
                    early.append(statistics.median(turns[EARLY - AROUND : EARLY + AROUND]))
                    late.append(statistics.median(turns[-2 * AROUND :]))
                rows += [
                    Row(f"turn {EARLY} of one conversation", "ms", early[0], early[1]),
                    Row(f"turn {long} of it", "ms", late[0], late[1]),
                    Row(f"turn {long} over turn {EARLY}", "times", late[0] / early[0], late[1] / early[1]),
                ]
        finally:
            for side in sides:
                side.stop()
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages")
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--long", type=int, default=1000)
    wanted = parser.parse_args(arguments)
    print(table(asyncio.run(run(wanted.messages, wanted.long))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
