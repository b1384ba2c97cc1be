"""Drills on transcripts: relay, consumer and RabbitMQ are taken away while people talk, and nothing is lost or doubled."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hrss import conversations, health
from hrss.database import Database
from hrss.feed import store
from hrss.tables import Heartbeat
from tests.conftest import RunningHall, surroundings
from tests.faults.services import POSTGRESQL, Exchange, Way, exchange, server, two_databases
from tests.faults.talking import eventually

SECONDS = float(os.environ.get("FAULT_SECONDS") or 6)
TALKS = 4
PAUSE_SECONDS = 0.1  # between two words of one talk


class Feed:
    """A relay and a consumer as processes, and people who talk without a bot: what is drilled comes after it."""

    def __init__(self, folder: Path, database_url: str, broker: Exchange) -> None:
        self.broker = broker
        environment = surroundings(folder, DATABASE_URL=database_url, **broker.environment(folder))
        self.database = Database(database_url)
        self.database.migrate()
        self.store = Database(environment["TRANSCRIPTS_DATABASE_URL"])
        store.prepare(self.store)
        # The consumer gets by without a key of ours.
        keyless = {
            name: value for name, value in environment.items() if not name.endswith(("_KEY", "_KEYS"))
        } | {"DATABASE_URL": "sqlite:////nowhere/at/all.db"}
        self.relays, self.consumer = RunningHall(folder, environment), RunningHall(folder, keyless)
        self.talks = [self._open() for _ in range(TALKS)]
        self.said = 0

    def _open(self) -> str:
        now = datetime.now(timezone.utc)
        with self.database.transaction() as session:
            opened = conversations.open(
                session, channel="web", province="gd", now=now, idle=timedelta(hours=1)
            )
        return str(opened.id)

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Everybody talks until the block is left."""
        stop = threading.Event()
        talking = [threading.Thread(target=self._talk, args=(talk, stop)) for talk in self.talks]
        for each in talking:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in talking:
                each.join(30)

    def _talk(self, talk: str, stop: threading.Event) -> None:
        while not stop.is_set():
            self.say(talk, f"第{self.said}句")
            time.sleep(PAUSE_SECONDS)

    def say(self, talk: str, text: str) -> None:
        with self.database.transaction() as session:
            conversations.say(
                session, talk, author="bot", messages=[{"text": text}], now=datetime.now(timezone.utc)
            )
        self.said += 1

    def killed_and_started(self, hall: RunningHall, process: str) -> None:
        hall.stop(process, signal.SIGKILL)
        hall.start(process)

    def taken(self) -> int:
        with self.store.reading() as session:
            return int(session.scalar(select(func.count()).select_from(store.LINES)) or 0)

    def check(self) -> None:
        """Everything that was said stands in the store once, as it was said."""

        def all_is_told() -> bool:
            found = self._compared()
            return found.waiting == found.missing == 0

        eventually(all_is_told)
        found = self._compared()
        assert found.agrees, found
        assert found.told == self.taken(), "nothing is there twice, and nothing that was not said"
        assert found.told >= self.said, "a thread may have been counted late"

    def _compared(self) -> store.Comparison:
        with self.database.reading() as records, self.store.reading() as lines:
            return store.compare(records, lines)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    folder = tmp_path_factory.mktemp("feed")
    way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    with exchange() as broker, server() as engine, two_databases(engine, way) as urls:
        made = Feed(folder, urls["DATABASE_URL"], broker)
        made.relays.start("relay")
        made.consumer.start("consumer")
        try:
            made.say(made.talks[0], "先说一句")
            eventually(lambda: made.taken() == 1)
            yield made
        finally:
            for hall in (made.relays, made.consumer):
                hall.kill_what_runs()
            made.store.close()
            made.database.close()


def test_a_relay_and_a_consumer_that_are_killed_while_people_talk_lose_and_double_nothing(
    feed: Feed,
) -> None:
    with feed.talking():
        for hall, process in ((feed.relays, "relay"), (feed.consumer, "consumer")):
            time.sleep(1)
            feed.killed_and_started(hall, process)
            before = feed.taken()
            eventually(lambda: feed.taken() > before)

    feed.check()


def test_while_rabbitmq_is_away_people_talk_on_and_afterwards_all_of_it_is_told(feed: Feed) -> None:
    with feed.talking():
        feed.broker.way.cut()
        time.sleep(1)  # what was on its way has arrived
        before, said = feed.taken(), feed.said
        time.sleep(SECONDS)
        assert (feed.taken(), feed.said > said) == (before, True)
        feed.broker.way.mend()
        eventually(lambda: feed.taken() > before)

    feed.check()


def test_what_is_no_line_of_a_transcript_is_put_aside_and_holds_up_nothing(feed: Feed) -> None:
    feed.broker.publish(b"not ours")
    feed.say(feed.talks[0], "之后")

    eventually(lambda: feed.broker.depth("refused") == 1)
    feed.check()


def test_words_that_are_taken_away_go_from_the_store_too(feed: Feed) -> None:
    with feed.database.transaction() as session:
        conversations.receive(
            session,
            feed.talks[0],
            client_msg_id=secrets.token_hex(8),
            text="我在某某厂上班",
            option=None,
            now=datetime.now(timezone.utc),
        )
    eventually(lambda: feed._compared().waiting == 0)
    with feed.database.transaction() as session:
        conversations.erase(session, feed.talks[0])

    feed.check()
    with feed.store.reading() as session:
        found = session.scalar(select(store.LINES.c.seq).where(store.LINES.c.text.contains("某某厂")))
    assert found is None


def test_the_relay_says_how_much_waits_and_whether_somebody_takes_it(feed: Feed) -> None:
    def beats() -> dict[str, datetime]:
        with feed.database.reading() as session:
            return {row.process: row.at for row in session.scalars(select(Heartbeat))}

    before = beats()
    assert before.keys() == {health.RELAY, health.CONSUMER}
    eventually(lambda: all(beats()[process] > at for process, at in before.items()))


@pytest.mark.soak
def test_two_relays_and_two_consumers_double_nothing_and_one_takes_over_from_the_other(feed: Feed) -> None:
    more = [RunningHall(hall.folder, hall.environment) for hall in (feed.relays, feed.consumer)]
    for hall, process in zip(more, ("relay", "consumer")):
        hall.start(process)
    try:
        with feed.talking():
            time.sleep(SECONDS)
            feed.consumer.stop("consumer", signal.SIGKILL)
            before = feed.taken()
            eventually(lambda: feed.taken() > before)
            feed.relays.stop("relay", signal.SIGKILL)
            time.sleep(SECONDS)
        feed.check()
    finally:
        feed.relays.start("relay")
        feed.consumer.start("consumer")
        for hall, process in zip(more, ("relay", "consumer")):
            hall.stop(process, signal.SIGKILL)


@pytest.mark.soak
def test_rabbitmq_that_hangs_holds_up_nobody_who_talks(feed: Feed) -> None:
    with feed.talking():
        with feed.broker.way.hanging():
            said = feed.said
            time.sleep(max(SECONDS, 15))
            assert feed.said > said
        before = feed.taken()
        eventually(lambda: feed.taken() > before)

    feed.check()


@pytest.mark.soak
def test_rabbitmq_that_is_restarted_has_kept_what_it_had(feed: Feed) -> None:
    rabbitmqctl = shutil.which("rabbitmqctl", path=f"{os.environ['PATH']}:/usr/sbin")
    if rabbitmqctl is None or os.geteuid() != 0:
        pytest.skip("only who runs RabbitMQ here can restart it")
    feed.consumer.stop("consumer", signal.SIGKILL)
    before = feed.broker.depth("store")
    with feed.talking():
        eventually(lambda: feed.broker.depth("store") > before + 50)
        subprocess.run([rabbitmqctl, "stop_app"], check=True, capture_output=True)
        subprocess.run([rabbitmqctl, "start_app"], check=True, capture_output=True)
        feed.consumer.start("consumer")
        time.sleep(2)

    feed.check()
