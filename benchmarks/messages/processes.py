"""Processes that are measured: started, waited for, weighed, stopped. Reads `/proc`, so Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Process:
    """A process of one side, with a log beside its files."""

    running: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> Process:
        log = folder / f"{name}.log"
        with log.open("ab") as out:
            running = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder if name.startswith("rasa") else None,
                env=dict(environment),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(running, log)

    def wait_for(self, address: str) -> None:
        """Return once the address answers with 200; raise with the end of the log when it never does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(address):
            if self.running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{address} never answered:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far, user and system."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        lines = Path(f"/proc/{self.running.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def stop(self) -> None:
        os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(timeout=30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
