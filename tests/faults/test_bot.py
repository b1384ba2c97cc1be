"""Drills on running processes: what the person hears, what is lost, what is done twice. docs/reliability.md lists them."""

from __future__ import annotations

import secrets
import signal
import sqlite3
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hrss.database import BUSY_TIMEOUT_SECONDS
from tests.conftest import RunningHall, running
from tests.talk import Person, Refused

TURN_SECONDS = 4
PEOPLE, MESSAGES = 5, 6
SAID = ("谢谢", "登录网址是什么呀", "删除我的记录")
OUT_OF_ORDER = "抱歉，我们这边出了故障"


@pytest.fixture(scope="module")
def fragile(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    """A hall to break, which loses its patience soon."""
    with running(tmp_path_factory.mktemp("fragile"), TURN_SECONDS=str(TURN_SECONDS)) as started:
        yield started


@contextmanager
def asleep(hall: RunningHall, process: str) -> Iterator[None]:
    hall.processes[process].send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        hall.processes[process].send_signal(signal.SIGCONT)


def rows(hall: RunningHall, query: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(hall.folder / "hrss.db", timeout=30)) as database:
        return database.execute(query, values).fetchall()


def test_an_action_server_that_hangs_costs_one_excuse_and_holds_up_nobody(fragile: RunningHall) -> None:
    person, other = Person(fragile.web), Person(fragile.web)
    with asleep(fragile, "actions"):
        [answer] = person.say("删除我的记录")
        assert answer["text"].startswith(OUT_OF_ORDER)
        assert person.say("登录网址是什么呀")[0]["entry"]["source"], "the same conversation goes on"
        assert other.say("谢谢"), "and others never noticed"

    assert "删除" in person.say("删除我的记录")[0]["text"]
    outcomes = rows(fragile, "SELECT state FROM turns WHERE conversation_id = ?", person.opened["session"])
    assert sorted(outcomes) == [("answered",), ("answered",), ("failed",)]


def test_a_locked_database_refuses_politely_and_the_same_message_is_taken_once_it_is_free(
    fragile: RunningHall,
) -> None:
    person = Person(fragile.web)
    body = {"client_msg_id": secrets.token_hex(8), "text": "谢谢"}
    refused = []
    with closing(sqlite3.connect(fragile.folder / "hrss.db", isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        released = threading.Timer(BUSY_TIMEOUT_SECONDS + 2, locker.interrupt)
        released.start()
        with pytest.raises(Refused) as first:
            person.call("POST", "messages", body)
        refused.append((first.value.status, first.value.body["error"]))
        released.cancel()
        locker.execute("ROLLBACK")

    assert refused == [(500, "out_of_order")]
    assert person.call("POST", "messages", body) == person.call("POST", "messages", body)
    assert person.wait()
    turns = rows(fragile, "SELECT state FROM turns WHERE conversation_id = ?", person.opened["session"])
    assert turns == [("answered",)]


def test_a_bot_killed_under_load_loses_nothing_it_took_in_and_answers_nothing_twice(
    fragile: RunningHall,
) -> None:
    people = [Person(fragile.web) for _ in range(PEOPLE)]
    planned = [
        [(f"message-{who}-{number}", SAID[number % len(SAID)]) for number in range(MESSAGES)]
        for who in range(PEOPLE)
    ]
    taken: list[set[str]] = [set() for _ in people]
    some_taken, stop = threading.Event(), threading.Event()

    def send_all(who: int) -> None:
        """What a client does: send until it is acknowledged, under the same id."""
        for message_id, text in planned[who]:
            while message_id not in taken[who] and not stop.is_set():
                try:
                    people[who].call("POST", "messages", {"client_msg_id": message_id, "text": text})
                except (urllib.error.URLError, OSError):
                    time.sleep(0.2)
                    continue
                taken[who].add(message_id)
                if sum(map(len, taken)) >= PEOPLE * 2:
                    some_taken.set()

    clients = [threading.Thread(target=send_all, args=(who,)) for who in range(PEOPLE)]
    try:
        for client in clients:
            client.start()
        assert some_taken.wait(60)
        fragile.stop("bot", signal.SIGKILL)
        killed_after = sum(map(len, taken))
        fragile.start("bot")
        fragile.wait()
        for client in clients:
            client.join(60)
    finally:
        stop.set()

    assert killed_after < PEOPLE * MESSAGES, "it was killed in the middle"
    for who, person in enumerate(people):
        talk = person.opened["session"]
        deadline = time.monotonic() + 60
        while rows(fragile, "SELECT 1 FROM turns WHERE conversation_id = ? AND state = 'received'", talk):
            assert time.monotonic() < deadline, "a message that was taken in stays without an answer"
            time.sleep(0.2)
        turns = rows(
            fragile,
            "SELECT t.client_msg_id, (SELECT count(*) FROM messages m WHERE m.turn_id = t.id AND m.author = 'user'),"
            " (SELECT count(*) > 0 FROM messages m WHERE m.turn_id = t.id AND m.author = 'bot')"
            " FROM turns t WHERE conversation_id = ? ORDER BY seq",
            talk,
        )
        assert turns == [(message_id, 1, 1) for message_id, _ in planned[who]], (
            "each once, in order, answered"
        )
        shown = person.call("GET", "history?after=0")["messages"]
        assert [message["seq"] for message in shown] == list(range(1, len(shown) + 1))
