"""Drills with several bots on PostgreSQL and Redis: who talks moves from one to the other with every message."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis import Redis
from sqlalchemy import text

from bot.channels.web.errors import Denied
from bot.channels.web.quota import Quota
from hrss.database import Database
from hrss.tables import Turn
from tests.conftest import RunningHall, free_port, surroundings
from tests.faults.services import POSTGRESQL, Way, redis_way, server, two_databases
from tests.faults.talking import Crowd, eventually
from tests.talk import Person

REDIS_DATABASE = 8
BETWEEN_BOTS_SECONDS = (
    3.0  # Redis takes milliseconds; without it, it is a look a second, on a machine that is busy
)


class SeveralBots:
    """Bots that share everything but their port, and one action server."""

    def __init__(self, folder: Path, urls: dict[str, str], way: Way) -> None:
        self.way = way
        environment = surroundings(folder, **urls, REDIS_URL=f"redis://127.0.0.1:{way.port}/{REDIS_DATABASE}")
        self.bots = [RunningHall(folder, environment)]
        self.bots[0].start("actions")
        self.bots[0].start("bot")
        other = folder / "other"
        other.mkdir()
        port = free_port()
        both = f"{environment['WEB_ORIGINS']},http://127.0.0.1:{port}"
        environment["WEB_ORIGINS"] = both
        self.bots.append(RunningHall(other, {**environment, "WEB_PORT": str(port)}))
        self.bots[1].start("bot")

    def wait(self) -> None:
        self.bots[0].wait_for("bot", "actions")
        self.bots[1].wait_for("bot")

    @property
    def doors(self) -> list[str]:
        return [bot.web for bot in self.bots]


pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def several(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SeveralBots, Database]]:
    folder = tmp_path_factory.mktemp("several")
    way = redis_way()
    direct = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    with server() as engine, two_databases(engine, direct) as urls:
        made = SeveralBots(folder, urls, way)
        database = Database(urls["DATABASE_URL"])
        try:
            made.wait()
            yield made, database
        finally:
            for bot in made.bots:
                bot.kill_what_runs()
            database.close()


def heard_elsewhere(bots: SeveralBots) -> float:
    """How long who listens at one bot waits for what is answered at the other, after it was said."""
    person = Person(bots.doors[0])
    listener = Person(bots.doors[0])
    listener.cookies, listener._opener, listener.web = person.cookies, person._opener, bots.doors[1]
    listener.seen = list(person.seen)
    heard: list[float] = []

    def listen() -> None:
        listener.wait()
        heard.append(time.monotonic())

    waiting = threading.Thread(target=listen)
    waiting.start()
    time.sleep(1.5)  # it listens
    person.call("POST", "messages", {"client_msg_id": "said-at-one-bot", "text": "谢谢"})
    person.wait()
    answered = time.monotonic()
    waiting.join(40)
    return max(heard[0] - answered, 0.0)


def test_people_who_move_between_bots_lose_and_double_nothing_when_one_is_killed(
    several: tuple[SeveralBots, Database],
) -> None:
    bots, database = several
    crowd = Crowd([Person(bots.doors[0]) for _ in range(5)], 9)
    crowd.doors = bots.doors
    with crowd.talking():
        crowd.wait_until(10)
        bots.bots[1].stop("bot", signal.SIGKILL)
        assert crowd.count < crowd.whole, "it was killed in the middle"
        crowd.wait_until(25)
        bots.bots[1].start("bot")

    bots.wait()
    crowd.check(database)


@pytest.mark.timeout(900)  # four starts of a bot, also on a busy machine
def test_bots_that_are_replaced_one_after_the_other_lose_no_turn(
    several: tuple[SeveralBots, Database],
) -> None:
    """A rolling upgrade: the new version's tables are there already, and each bot is asked to stop while people talk."""
    bots, database = several
    with (
        database.engine.begin() as connection
    ):  # a later version only adds: the one that still runs does not mind
        connection.execute(text("ALTER TABLE turns ADD COLUMN of_a_later_version TEXT"))
        connection.execute(text("CREATE TABLE of_a_later_version (id INTEGER PRIMARY KEY)"))
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_a_later_version'"))
    for replaced in bots.bots:
        crowd = Crowd([Person(bots.doors[0]) for _ in range(3)], 6, pause=0.3)
        crowd.doors = bots.doors
        with crowd.talking():
            crowd.wait_until(4)
            assert crowd.count < crowd.whole, "it is stopped in the middle"
            replaced.stop("bot")
            replaced.start("bot")
        replaced.wait_for("bot")
        crowd.check(database)


@pytest.mark.timeout(900)
def test_a_turn_under_way_in_a_bot_that_is_stopped_is_answered_once(
    several: tuple[SeveralBots, Database],
) -> None:
    bots, database = several
    person = Person(bots.doors[1])
    actions = bots.bots[0].processes["actions"]
    actions.send_signal(signal.SIGSTOP)
    try:
        person.call("POST", "messages", {"client_msg_id": "under-way", "text": "删除我的记录"})
        bots.bots[1].processes["bot"].send_signal(signal.SIGTERM)  # it waits for what is under way
    finally:
        actions.send_signal(signal.SIGCONT)
    bots.bots[1].processes.pop("bot").wait(60)
    person.web = bots.doors[0]
    eventually(lambda: "删除" in person.call("GET", "history?after=0")["messages"][-1]["text"])
    bots.bots[1].start("bot")
    bots.wait()

    with database.reading() as session:
        states = session.query(Turn.state).filter_by(conversation_id=person.opened["session"]).all()
    assert states == [("answered",)]
    told = [message["from"] for message in person.call("GET", "history?after=0")["messages"]]
    assert told.count("user") == 1 and told[-2:] == ["user", "bot"]


def test_what_one_bot_says_is_heard_at_the_other_at_once(several: tuple[SeveralBots, Database]) -> None:
    assert heard_elsewhere(several[0]) < BETWEEN_BOTS_SECONDS


def test_without_redis_everything_goes_on_and_is_heard_a_little_later(
    several: tuple[SeveralBots, Database],
) -> None:
    bots, database = several
    crowd = Crowd([Person(bots.doors[0]) for _ in range(3)], 6)
    crowd.doors = bots.doors
    with crowd.talking():
        crowd.wait_until(3)
        bots.way.cut()
        assert crowd.count < crowd.whole
    crowd.check(database)
    assert heard_elsewhere(bots) < BETWEEN_BOTS_SECONDS + 2

    bots.way.mend()
    time.sleep(2)
    assert heard_elsewhere(bots) < BETWEEN_BOTS_SECONDS
    Redis(port=bots.way.port, db=REDIS_DATABASE).flushdb()
    assert heard_elsewhere(bots) < BETWEEN_BOTS_SECONDS


def test_bots_count_one_address_together_and_each_alone_while_redis_is_away() -> None:
    way = redis_way()
    url = f"redis://127.0.0.1:{way.port}/{REDIS_DATABASE}"
    allowances = SimpleNamespace(
        web_sessions_per_minute=3, web_site_sessions_per_minute=100, web_messages_per_minute=100
    )
    address = f"192.0.2.{free_port()}"
    one, other = Quota(allowances, url), Quota(allowances, url)
    for quota in (one, other, one):
        quota.session(address, "https://hall.example")

    with pytest.raises(Denied, match="too_many"):
        other.session(address, "https://hall.example")
    way.cut()
    for quota in (one, other):
        for _ in range(3):
            quota.session(address, "https://hall.example")
        with pytest.raises(Denied):
            quota.session(address, "https://hall.example")
