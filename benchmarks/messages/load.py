"""What is asked of a side, and what it is timed at."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from benchmarks.messages.sides import Side

TURNS_OF_A_TALK = 10  # a conversation of ordinary length


@dataclass(frozen=True)
class Timed:
    """Milliseconds of every message, wall time of all, and the server's processor time."""

    milliseconds: list[float]
    seconds: float
    cpu_seconds: float

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def slowest(self) -> float:
        """The 99th percentile."""
        return sorted(self.milliseconds)[int(len(self.milliseconds) * 0.99)]

    @property
    def a_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds * 1000 / len(self.milliseconds)


async def ask(side: Side, questions: Sequence[str], *, connections: int) -> Timed:
    """Ask them all, shared out over so many people who ask one after the other, each in new conversations."""
    waiting = list(reversed(questions))
    milliseconds: list[float] = []

    async def person() -> None:
        async with aiohttp.ClientSession() as http:
            while waiting:
                talk = await side.talk(http)
                for _ in range(min(TURNS_OF_A_TALK, len(waiting))):
                    question, began = waiting.pop(), time.perf_counter()
                    await talk.ask(question)
                    milliseconds.append((time.perf_counter() - began) * 1000)
                    if not waiting:
                        break
                talk.end()

    before, began = side.server.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(person() for _ in range(connections)))
    return Timed(milliseconds, time.perf_counter() - began, side.server.cpu_seconds() - before)


async def converse(side: Side, questions: Sequence[str], turns: int) -> list[float]:
    """Hold one long conversation; return the milliseconds of its turns, in order."""
    milliseconds = []
    async with aiohttp.ClientSession() as http:
        talk = await side.talk(http)
        for number in range(turns):
            began = time.perf_counter()
            await talk.ask(questions[number % len(questions)])
            milliseconds.append((time.perf_counter() - began) * 1000)
        talk.end()
    return milliseconds
