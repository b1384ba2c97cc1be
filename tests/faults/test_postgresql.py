"""Drills with PostgreSQL: away under load, and read-only, while people are in the middle of something."""

from __future__ import annotations

import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine, make_url

from hrss.database import Database
from tests.conftest import RunningHall, demo_of, surroundings
from tests.faults.services import POSTGRESQL, Way, server, two_databases
from tests.faults.talking import Crowd, eventually
from tests.talk import Person, Refused

AWAY_SECONDS = float(os.environ.get("FAULT_SECONDS") or 6)  # `make soak`: 30
OUT_OF_ORDER = "服务暂时出了问题"


class OnPostgresql:
    """A hall whose databases are reached by a way that can be cut."""

    def __init__(self, folder: Path, engine: Engine, way: Way, urls: dict[str, str]) -> None:
        self.engine, self.way = engine, way
        self.name = make_url(urls["DATABASE_URL"]).database
        self.hall = RunningHall(folder, surroundings(folder, **urls))
        self.direct = Database(str(POSTGRESQL.set(database=self.name)))

    @contextmanager
    def away(self) -> Iterator[None]:
        self.way.cut()
        try:
            yield
        finally:
            self.way.mend()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        self._say("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            self._say("RESET default_transaction_read_only")

    def _say(self, what: str) -> None:
        with self.engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {self.name} {what}"))
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(ended), {"name": self.name})


@pytest.fixture(scope="module")
def hall(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnPostgresql]:
    folder = tmp_path_factory.mktemp("on-postgresql")
    with server() as engine:
        way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
        with two_databases(engine, way) as urls:
            made = OnPostgresql(folder, engine, way, urls)
            for process in ("bot", "actions"):
                made.hall.start(process)
            try:
                made.hall.wait()
                demo_of(made.hall)
                yield made
            finally:
                made.hall.kill_what_runs()
                made.direct.close()


def ready(hall: RunningHall) -> int:
    try:
        with urllib.request.urlopen(f"{hall.web}/ready", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def in_the_middle(web: str) -> Person:
    person = Person(web)
    person.say("个人密码忘了，想用手机号重设")
    return person


def refused(person: Person) -> tuple[int, str, str]:
    body = {"client_msg_id": secrets.token_hex(8), "text": "谢谢"}
    with pytest.raises(Refused) as heard:
        person.call("POST", "messages", body)
    return heard.value.status, heard.value.body["error"], heard.value.body["text"][: len(OUT_OF_ORDER)]


def test_postgresql_away_under_load_loses_and_doubles_nothing_and_nobody_has_to_begin_anew(
    hall: OnPostgresql,
) -> None:
    middle = in_the_middle(hall.hall.web)
    crowd = Crowd([Person(hall.hall.web) for _ in range(5)], 8, pause=0.2)
    with crowd.talking():
        crowd.wait_until(8)
        with hall.away():
            began = time.monotonic()
            assert refused(middle) == (500, "out_of_order", OUT_OF_ORDER)
            assert ready(hall.hall) == 503
            assert time.monotonic() - began < 5, "nobody waits long to hear it"
            time.sleep(AWAY_SECONDS)
            assert crowd.count < crowd.whole, "it was away while they spoke"
        back = time.monotonic()
        eventually(lambda: ready(hall.hall) == 200, 30)
        print(f"ready again after {time.monotonic() - back:.1f} s")  # noqa: T201  # for the report

    crowd.check(hall.direct)
    asked = middle.say("陈静 441900199511020007")[-1]
    assert "手机号" in asked["text"], "the flow goes on where it was"


def test_a_read_only_database_refuses_politely_and_all_goes_on_when_it_can_be_written(
    hall: OnPostgresql,
) -> None:
    person = in_the_middle(hall.hall.web)
    with hall.read_only():
        assert refused(person) == (500, "out_of_order", OUT_OF_ORDER)
        assert ready(hall.hall) == 503
        assert person.call("GET", "history?after=0")["messages"], "what was said can be read"

    eventually(lambda: ready(hall.hall) == 200, 30)
    assert "手机号" in person.say("陈静 441900199511020007")[-1]["text"]


def test_postgresql_that_hangs_costs_a_refusal_and_nothing_that_was_said(hall: OnPostgresql) -> None:
    """Its connections stand, and it answers nothing: as a server whose disk is stuck."""
    middle = in_the_middle(hall.hall.web)
    crowd = Crowd([Person(hall.hall.web) for _ in range(3)], 8, pause=0.2)
    with crowd.talking():
        crowd.wait_until(6)
        with hall.way.hanging():
            assert refused(middle) == (500, "out_of_order", OUT_OF_ORDER)
            eventually(lambda: ready(hall.hall) == 503, 60)
            assert crowd.count < crowd.whole, "it hung while they spoke"

    crowd.check(hall.direct)
    eventually(lambda: ready(hall.hall) == 200, 60)
    assert "手机号" in middle.say("陈静 441900199511020007")[-1]["text"]
