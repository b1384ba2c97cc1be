"""A drill on a full disk: SQLite files on a small disk of their own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hrss.database import Database
from tests.conftest import RunningHall, surroundings
from tests.faults.talking import Crowd
from tests.talk import Person, Refused

SIZE = 48 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a disk of its own cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def hall(model: Path, tmp_path: Path, small_disk: Path) -> Iterator[RunningHall]:
    urls = {
        "DATABASE_URL": f"sqlite:///{small_disk}/hrss.db",
        "TRACKER_DATABASE_URL": f"sqlite:///{small_disk}/tracker.db",
    }
    running = RunningHall(tmp_path, surroundings(tmp_path, **urls))
    for process in ("bot", "actions"):
        running.start(process)
    try:
        running.wait()
        yield running
    finally:
        for process in list(running.processes):
            running.stop(process, signal.SIGKILL)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def test_a_full_disk_refuses_politely_and_all_goes_on_when_there_is_room(
    hall: RunningHall, small_disk: Path
) -> None:
    person = Person(hall.web)
    crowd = Crowd([Person(hall.web) for _ in range(3)], 12)
    with crowd.talking():
        crowd.wait_until(3)
        ballast = fill(small_disk)
        # what is left in the files is used up first; then nothing more is taken in
        heard: list[tuple[int, str]] = []
        while not heard:
            body = {"client_msg_id": secrets.token_hex(8), "text": "谢" * 3000}
            try:
                person.call("POST", "messages", body)
            except Refused as refused:
                heard.append((refused.status, refused.body["error"]))
        assert heard == [(500, "out_of_order")]
        ballast.unlink()

    crowd.check(Database(hall.database_url))
    assert person.call("POST", "messages", {"client_msg_id": secrets.token_hex(8), "text": "谢谢"})
