"""
`python -m benchmarks.day`: a day of 40 000 messages from 20 000 visitors, replayed at the bot that `make run` starts.

    --speed N         times faster than life (20: the whole day takes 72 minutes)
    --from H --to H   only these hours of the day (0 to 24); its peak is 9 to 11
    --share S         only this share of the visitors (1)
    --result FILE     write what came out to this Markdown file
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import aiohttp

from benchmarks.day.check import faults
from benchmarks.day.plan import HOUR, Say, Visitor, visitors
from benchmarks.day.visit import Door, Visit
from benchmarks.messages.processes import TICKS
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from tests.conftest import RunningHall, demo_of, surroundings

PROGRESS_SECONDS = 15.0
LOGS = Path("var/day")  # of a day on which something went wrong
FIRST = (
    "广东省人社厅网上服务平台的登录网址是什么？",
    "怎么注册",
    "谢谢",
)  # nobody's first questions are timed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--from", type=float, default=0.0, dest="begin")
    parser.add_argument("--to", type=float, default=24.0, dest="end")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--result", type=Path)
    wanted = parser.parse_args(arguments)
    coming = [
        each for each in visitors(wanted.share) if wanted.begin * HOUR <= each.comes < wanted.end * HOUR
    ]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        hall = RunningHall(Path(folder), surroundings(Path(folder), WEB_PROXIES="1"))
        for process in ("bot", "actions"):
            hall.start(process)
        try:
            hall.wait()
            demo_of(hall)
            told = asyncio.run(replay(hall, coming, wanted, load))
        finally:
            for process in list(hall.processes):
                hall.stop(process)
        if told[1]:
            LOGS.mkdir(parents=True, exist_ok=True)
            for process in ("bot", "actions"):
                (LOGS / f"{process}.log").write_text(hall.log(process), encoding="utf-8")
            print(f"the logs are in {LOGS}/; a turn that failed is named there")
    print(told[0])
    if wanted.result:
        wanted.result.write_text(told[0], encoding="utf-8")
    return int(bool(told[1]))


async def replay(
    hall: RunningHall, coming: Sequence[Visitor], wanted: argparse.Namespace, load: float
) -> tuple[str, Counter[str]]:
    """Let them come; return what is to be told of it, and what went wrong."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(
        timeout=timeout, connector=aiohttp.TCPConnector(limit=0), trust_env=False
    ) as http:
        door = Door(http, hall.web, hall.origin)
        await _first(door)
        visits = [Visit(visitor) for visitor in coming]
        began, processor = time.monotonic(), _processor(hall)
        progress = asyncio.create_task(_progress(door, visits, wanted, began))
        running = []
        for visit in visits:
            due = began + (visit.visitor.comes - wanted.begin * HOUR) / wanted.speed
            await asyncio.sleep(max(due - time.monotonic(), 0))
            visit.late = time.monotonic() - due
            running.append(asyncio.create_task(door.visit(visit, wanted.speed)))
        await asyncio.gather(*running)
        seconds = time.monotonic() - began
        progress.cancel()
        await asyncio.sleep(5)  # who left unheard is answered, too
    used = {name: now - processor[name] for name, now in _processor(hall).items()}
    database = Database(hall.database_url)
    found = faults(database, Hall.open(Settings.from_env(hall.environment), database), visits)
    resident = _resident(hall)
    database.close()
    return _told(visits, wanted, load, seconds, used, resident, found), found


async def _first(door: Door) -> None:
    for number, text in enumerate(FIRST):
        await door.visit(Visit(Visitor(-1 - number, 0, "first", (Say(text),), (0.0,), True)), 1)
    door.sent = door.answered = 0


async def _progress(door: Door, visits: Sequence[Visit], wanted: argparse.Namespace, began: float) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        passed = time.monotonic() - began
        clock = wanted.begin * HOUR + passed * wanted.speed
        waited = sorted(each for visit in visits for each in visit.waited)
        so_far = f"{_at(waited, 0.99) * 1000:.0f} ms" if waited else "-"
        print(
            f"{int(clock // 3600):02}:{int(clock % 3600 // 60):02}  {door.sent} messages ({door.sent / passed:.1f} a second), "
            f"{door.answered} answered, {door.here} people here, 99th percentile so far {so_far}",
            flush=True,
        )


def _told(
    visits: Sequence[Visit],
    wanted: argparse.Namespace,
    load: float,
    seconds: float,
    used: dict[str, float],
    resident: float,
    found: Counter[str],
) -> str:
    sent = sum(len(visit.sent) for visit in visits)
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for visit in visits:
        by_kind[visit.visitor.kind] += visit.waited
        by_kind["all"] += visit.waited
    rows = [("visitors who", "answers", "median", "95th", "99th", "longest (ms)"), ("---",) * 6]
    for kind, waited in sorted(by_kind.items(), key=lambda each: -len(each[1])):
        waited.sort()
        figures = [_at(waited, part) for part in (0.5, 0.95, 0.99, 1)]
        rows.append((kind, str(len(waited)), *(f"{figure * 1000:,.0f}" for figure in figures)))
    processor = ", ".join(f"{name} {1000 * took / max(sent, 1):.1f} ms" for name, took in used.items())
    wrong = (
        ", ".join(f"{count} {what}" for what, count in found.items())
        or "nothing lost, doubled or out of order"
    )
    return (
        "# A day as in life\n\n"
        f"Written by `python -m benchmarks.day` on {datetime.now(timezone.utc):%Y-%m-%d}: {wanted.begin:g} to "
        f"{wanted.end:g} o'clock of the day, {wanted.share:.0%} of its visitors, {wanted.speed:g} times as fast as life, SQLite, one bot "
        f"and one action server; {os.cpu_count()} cores, load {load:.1f} before it began and {os.getloadavg()[0]:.1f} at its end.\n\n"
        f"{len(visits)} visitors, {sent} messages in {seconds:.0f} s ({sent / seconds:.1f} a second). "
        f"Checked in the database and against what each visitor heard: **{wrong}**. "
        f"{sum(visit.repeated for visit in visits)} requests had to be made again. The latest visitor began "
        f"{max((visit.late for visit in visits), default=0):.1f} s after their time. Processor a message: {processor}; "
        f"the bot held {resident:.0f} MB at the end.\n\n"
        + "\n".join(f"| {' | '.join(row)} |" for row in rows)
        + "\n"
    )


def _at(waited: Sequence[float], part: float) -> float:
    return waited[min(int(len(waited) * part), len(waited) - 1)] if waited else 0.0


def _processor(hall: RunningHall) -> dict[str, float]:
    found = {}
    for name, process in hall.processes.items():
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        found[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def _resident(hall: RunningHall) -> float:
    lines = Path(f"/proc/{hall.processes['bot'].pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    sys.exit(main())
