"""A drill on a clock that steps, forward and back, while people talk and when a process dies."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hrss.database import Database
from tests.conftest import RunningHall, surroundings
from tests.faults.talking import Crowd, eventually
from tests.talk import Person

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """A file that says how far the clock of the bot is off."""
    told = tmp_path / "clock"
    told.write_text("+0")
    return told


@pytest.fixture
def hall(model: Path, tmp_path: Path, clock: Path) -> Iterator[RunningHall]:
    if LIBRARY is None:
        pytest.skip("libfaketime is not here")
    environment = surroundings(tmp_path)
    running = RunningHall(tmp_path, environment)
    running.start("actions")
    environment |= {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    running.start("bot")
    try:
        running.wait()
        yield running
    finally:
        running.kill_what_runs()


def test_a_clock_that_steps_forward_and_back_loses_no_message_and_no_turn(
    hall: RunningHall, clock: Path
) -> None:
    crowd = Crowd([Person(hall.web) for _ in range(3)], 8, pause=0.5)
    with crowd.talking():
        for count, step in ((4, "+600"), (10, "-1200"), (16, "+0")):
            crowd.wait_until(count)
            clock.write_text(step)
    crowd.check(Database(hall.database_url))

    # killed with a turn in hand; at the next start it is an hour earlier
    person = Person(hall.web)
    hall.processes["actions"].send_signal(signal.SIGSTOP)
    person.call("POST", "messages", {"client_msg_id": secrets.token_hex(8), "text": "删除我的记录"})
    hall.stop("bot", signal.SIGKILL)
    clock.write_text("-3600")
    hall.processes["actions"].send_signal(signal.SIGCONT)
    hall.start("bot")
    hall.wait()
    eventually(lambda: "删除" in person.call("GET", "history?after=0")["messages"][-1]["text"])
