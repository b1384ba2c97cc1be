"""What the drills of WeChat look at in the running bot: its tables, its processes, and time."""

from __future__ import annotations

import secrets
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.conftest import RunningHall
from tests.wechat.side import Citizen

New = Callable[[], Citizen]
QUESTION, ANSWER = "登录网址是什么呀", "ggfw.hrss.gd.gov.cn"


def rows(hall: RunningHall, query: str, *values: Any, file: str = "hrss.db") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(hall.folder / file, timeout=10)) as database:
        return database.execute(query, values).fetchall()


def turns(hall: RunningHall, text: str) -> list[tuple[Any, ...]]:
    """The turns that this text began."""
    return rows(hall, "SELECT id, state, conversation_id FROM turns WHERE text = ?", text)


def user_events(hall: RunningHall, conversation: str) -> int:
    query = "SELECT count(*) FROM events WHERE sender_id = ? AND type_name = 'user'"
    return int(rows(hall, query, conversation, file="tracker.db")[0][0])


def unlike_any(text: str = QUESTION) -> str:
    """The question with something in it that no other test says."""
    return f"{text} {secrets.token_hex(4)}abc"


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class Paused:
    """The action server, stopped in its tracks: whatever needs it takes long."""

    def __init__(self, hall: RunningHall) -> None:
        self._process = hall.processes["actions"]

    def __enter__(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGCONT)
