"""Drills on a full disk and on one that turns read-only: SQLite files on a small disk of their own."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hrss.database import Database
from tests.conftest import RunningHall, running
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


@contextmanager
def running_on(disk: Path, folder: Path) -> Iterator[RunningHall]:
    urls = {
        "DATABASE_URL": f"sqlite:///{disk}/hrss.db",
        "TRACKER_DATABASE_URL": f"sqlite:///{disk}/tracker.db",
    }
    with running(folder, **urls) as started:
        yield started


@pytest.fixture
def hall(model: Path, tmp_path: Path, small_disk: Path) -> Iterator[RunningHall]:
    with running_on(small_disk, tmp_path) as started:
        yield started


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


# A disk that turns read-only, as Linux makes it after a fault of the disk


@pytest.fixture
def frail_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in a file; where nobody may mount one, the drill is left out."""
    image, disk = tmp_path / "disk.img", tmp_path / "frail"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE)
    made = subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True)
    if made.returncode or mount(image, disk).returncode:
        pytest.skip("a file system of its own cannot be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def mount(image: Path, disk: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["mount", "-o", "loop", str(image), str(disk)], capture_output=True)


@pytest.mark.soak
def test_a_disk_that_turns_read_only_refuses_politely_and_all_goes_on_once_it_is_mounted_again(
    model: Path, tmp_path: Path, frail_disk: Path
) -> None:
    body = {"client_msg_id": secrets.token_hex(8), "text": "谢谢"}
    with running_on(frail_disk, tmp_path) as hall:
        person = Person(hall.web)
        person.say("登录网址是什么呀")
        before = len(person.seen)
        subprocess.run(["mount", "-o", "remount,abort", str(frail_disk)], capture_output=True)
        with pytest.raises(OSError):
            (frail_disk / "more").write_bytes(b"1")

        with pytest.raises(Refused) as refused:
            person.call("POST", "messages", body)
        assert (refused.value.status, refused.value.body["error"]) == (500, "out_of_order")
        hall.kill_what_runs()

        subprocess.run(["umount", str(frail_disk)], check=True)
        subprocess.run(["e2fsck", "-p", str(tmp_path / "disk.img")], capture_output=True)
        assert mount(tmp_path / "disk.img", frail_disk).returncode == 0
        for process in ("bot", "actions"):
            hall.start(process)
        hall.wait()
        said = person.call("GET", "history?after=0")["messages"]
        assert len(said) == before, "nothing that was taken in is lost, nothing that was refused is there"
        assert person.call("POST", "messages", body) == person.call("POST", "messages", body)
        assert person.wait()
