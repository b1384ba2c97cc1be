"""The running bot for the tests that speak to it as its users do: real processes, a database of their own."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, sync_playwright

from bot.without_tensorflow import leave_out

leave_out()  # as the bot does, before any test imports Rasa

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 240  # a bot takes minutes to start on a machine that many tests share
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# What speaks to running processes takes minutes a file. It comes first, the longest before the others; what runs within the
# tests' own process fills up the end, so that no worker waits long for another.
MINUTES = (
    "wechat/test_running_bot.py",
    "bot/test_crash.py",
    "bot/test_widget_stories.py",
    "faults",
    "bot",
    "console",
    "wechat",
    "conversations",
    "attacks",
    "fuzz",
    "understanding",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        return next((n for n, name in enumerate(MINUTES) if path.startswith(name)), len(MINUTES))

    items.sort(key=place)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningHall:
    """The bot and its action server, as `make run` starts them, on ports and files of their own."""

    folder: Path
    environment: dict[str, str]
    code: Path = ROOT  # another version of it stands elsewhere
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.environment['WEB_PORT']}"

    @property
    def web(self) -> str:
        return f"{self.origin}/webhooks/web"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONSOLE_PORT']}"

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    def identity_token(
        self, login: str, *, role: str = "person", province: str = "gd", **changed: Any
    ) -> str:
        """Return what the host page's server says of someone who has logged in there."""
        seconds = int(time.time())
        claims = {"sub": login, "role": role, "province": province, "iss": "hall", "aud": "hrss-assistant"}
        key = self.environment["IDENTITY_KEY"]
        return jwt.encode({**claims, "iat": seconds, "exp": seconds + 300, **changed}, key, "HS256")

    def log(self, process: str) -> str:
        return (self.folder / f"{process}.log").read_text(encoding="utf-8", errors="replace")

    def start(self, process: str) -> None:
        command = {
            "bot": ["-m", "bot", "serve"],
            "actions": ["-m", "actions"],
            "console": ["-m", "console"],
            "relay": ["-m", "hrss", "transcripts", "relay"],
            "consumer": ["-m", "hrss", "transcripts", "consume"],
        }[process]
        with (self.folder / f"{process}.log").open("ab") as log:
            self.processes[process] = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.code,
                env={**self.environment, "PYTHONPATH": str(self.code)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        self.wait_for("bot", "actions")

    def wait_for(self, *processes: str) -> None:
        """Return when these answer; fail with what they logged when one has died or does not answer."""
        actions = f"http://127.0.0.1:{self.environment['ACTIONS_PORT']}/health"
        addresses = {"bot": f"{self.web}/ready", "actions": actions, "console": f"{self.console}/health"}
        missing = {process: addresses[process] for process in processes}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while missing:
            missing = {process: address for process, address in missing.items() if not answers(address)}
            for process in missing:
                died = self.processes[process].poll() is not None
                if died or time.monotonic() > deadline:
                    pytest.fail(f"{process} did not start:\n{self.log(process)[-3000:]}")
            time.sleep(0.1)

    def stop(self, process: str, how: signal.Signals = signal.SIGTERM) -> None:
        running = self.processes.pop(process)
        running.send_signal(how)
        running.wait(timeout=60)

    def kill_what_runs(self) -> None:
        for process in list(self.processes):
            self.stop(process, signal.SIGKILL)


def demo_of(hall: RunningHall) -> None:
    """Put the demo hall's people, organizations and cases into its database."""
    command = [sys.executable, "-m", "hrss", "demo"]
    subprocess.run(
        command, cwd=ROOT, env=hall.environment, check=True, capture_output=True, timeout=PATIENCE_SECONDS
    )


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def model() -> Path:
    """The trained model, as `make setup` leaves it."""
    trained = ROOT / "models" / "model.tar.gz"
    if not trained.exists():
        pytest.fail("There is no trained model: run `make setup` first.")
    return trained


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment of its own for the processes of one hall."""
    web, actions = free_port(), free_port()

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"sqlite:///{folder}/hrss.db",
        "TRACKER_DATABASE_URL": f"sqlite:///{folder}/tracker.db",
        "VAULT_KEYS": f"test:{key()}",
        "LOOKUP_KEY": key(),
        "IDENTITY_KEY": secrets.token_urlsafe(32),
        "CONSOLE_SECRET_KEY": secrets.token_urlsafe(32),
        "WEB_PORT": str(web),
        "ACTIONS_PORT": str(actions),
        "CONSOLE_PORT": str(free_port()),
        "ACTION_ENDPOINT": f"http://127.0.0.1:{actions}/webhook",
        "WEB_ORIGINS": f"http://127.0.0.1:{web},http://localhost:{web}",
        "WEB_SESSIONS_PER_MINUTE": "10000",
        "WEB_SITE_SESSIONS_PER_MINUTE": "10000",
        "WEB_MESSAGES_PER_MINUTE": "10000",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **more,
    }


@contextmanager
def running(folder: Path, **more: str) -> Iterator[RunningHall]:
    """A bot and its action server on files of their own, with these settings, until the block is left."""
    started = RunningHall(folder, surroundings(folder, **more))
    started.start("bot")
    started.start("actions")
    try:
        started.wait()
        yield started
    finally:
        started.kill_what_runs()


@pytest.fixture(scope="session")
def hall(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    """One running bot for all tests that leave it as they found it."""
    with running(tmp_path_factory.mktemp("hall")) as started:
        yield started


@pytest.fixture(scope="session")
def untouched(hall: RunningHall) -> Path:
    """The running bot's database with the demo hall in it, as it is before anybody comes."""
    demo_of(hall)
    copy_database(hall.folder / "hrss.db", kept := hall.folder / "untouched.db")
    return kept


@pytest.fixture(scope="module")
def demo(hall: RunningHall, untouched: Path) -> RunningHall:
    """The one running bot with the demo hall, for every file as if it were the first: what one submits is not in another's way."""
    copy_database(untouched, hall.folder / "hrss.db")
    return hall


def copy_database(source: Path, target: Path) -> None:
    """Make one SQLite database what another is, also while processes work with it."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target, timeout=30)) as written:
        read.backup(written)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for longer than a module: while Playwright runs, nothing else of asyncio can, nor a second of its own."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        pytest.fail("There is no Chromium: run `make browser`, or set CHROMIUM to the path of one.")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()
