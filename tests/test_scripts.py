"""`make run` and `make setup`, as someone meets them who has never seen the project."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT, answers, free_port, surroundings


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start(folder: Path, **more: str) -> subprocess.Popen[str]:
    environment = surroundings(folder, CONSOLE_PORT=str(free_port()), **more)
    return subprocess.Popen(
        [sys.executable, "scripts/run.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_everything_starts_says_where_it_is_and_ends_together_at_ctrl_c(model: Path, tmp_path: Path) -> None:
    running = start(tmp_path)
    assert running.stdout is not None
    seen, addresses = [], []
    deadline = time.monotonic() + 120
    while len(addresses) < 3 and time.monotonic() < deadline:
        line = running.stdout.readline()
        seen.append(line)
        addresses += re.findall(r"http://localhost:\d+/\S*", line)
    assert len(addresses) == 3, "".join(seen)
    assert all(answers(address) for address in addresses)

    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=40)

    assert not any(answers(address) for address in addresses)


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, said = start(tmp_path, WEB_PORT=str(port)).communicate(timeout=60)

    assert said.strip().count("\n") == 0
    assert str(port) in said
    assert "WEB_PORT" in said


def test_a_missing_python_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = script("setup")
    monkeypatch.setattr(setup, "is_310", lambda python: False)
    monkeypatch.setattr(
        setup.subprocess,
        "run",
        lambda *_, **__: subprocess.CompletedProcess([], returncode=1, stdout="", stderr=""),
    )

    with pytest.raises(setup.CannotGoOn, match=r"Python 3\.10 is needed"):
        setup.find_python()


def test_too_little_room_is_said_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    setup = script("setup")
    monkeypatch.setattr(setup, "VENV", tmp_path / "none")
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**30})())

    with pytest.raises(setup.CannotGoOn, match="GB are free"):
        setup.install()


def test_a_model_is_trained_anew_only_when_what_it_is_made_of_changes() -> None:
    setup = script("setup")

    assert setup.fingerprint() == setup.fingerprint()
    made_of = {ROOT / name for name in setup.TRAINED_FROM}
    assert all(path.exists() for path in made_of)
