"""The one table that every measurement is printed in: ours, the rival's, their ratio, and the goal for that ratio."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

HEAD = ("measure", "unit", "ours", "rival", "ours / rival", "goal", "met")
GOAL = re.compile(r"([≤≥]) ([\d./]+)")


@dataclass(frozen=True)
class Row:
    """
    One measure of both sides.

    `goal` bounds the ratio ours / rival, as "≤ 1/3" or "≥ 4"; with `absolute` it bounds ours alone, in the same unit.
    """

    measure: str
    unit: str
    ours: float
    rival: float | None = None
    goal: str = ""
    absolute: bool = False

    @property
    def ratio(self) -> float | None:
        return self.ours / self.rival if self.rival else None

    @property
    def met(self) -> bool | None:
        found = GOAL.fullmatch(self.goal)
        value = self.ours if self.absolute else self.ratio
        if found is None or value is None:
            return None
        bound = float(Fraction(found[2]))
        return value <= bound if found[1] == "≤" else value >= bound

    def cells(self) -> list[str]:
        met = {True: "yes", False: "no", None: ""}[self.met]
        rival = "" if self.rival is None else _figure(self.rival)
        ratio = "" if self.ratio is None else _figure(self.ratio)
        return [self.measure, self.unit, _figure(self.ours), rival, ratio, self.goal, met]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine() -> str:
    """Describe what measures; Linux only."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next(
        (line.split(":")[1].strip() for line in cpu.splitlines() if line.startswith("model name")), "?"
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GB"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
