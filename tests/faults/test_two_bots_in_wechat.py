"""
Two bots on PostgreSQL and Redis that WeChat takes for one: whichever gets a delivery, one turn and one answer.

The database claims each message (docs/decisions/0015); Redis only tells the other bot sooner that a turn has ended.
"""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hrss.database import Database
from hrss.tables import Turn, WechatDelivery
from tests.conftest import RunningHall, demo_of, free_port, surroundings
from tests.faults.services import POSTGRESQL, Way, redis_way, server, two_databases
from tests.faults.talking import eventually
from tests.wechat.api import FakeApi
from tests.wechat.side import Citizen, as_seen, in_parallel
from tests.wechat.standing import account_of, account_settings

pytestmark = pytest.mark.soak

QUESTION, ANSWER = "登录网址是什么呀", "ggfw.hrss.gd.gov.cn"
SLOW, SLOW_ANSWER = "查进度", "受理编号"  # it asks the action server, which a test may stop


@dataclass
class TwoBots:
    """They share everything but their port: databases, Redis, the action server, the WeChat account."""

    bots: list[RunningHall]
    redis: Way
    api: FakeApi
    database: Database

    def citizen(self, bot: int, open_id: str | None = None) -> Citizen:
        """Someone whose messages WeChat brings to this bot."""
        hall = self.bots[bot]
        account = account_of(hall, self.api)
        return Citizen(account, open_id) if open_id else Citizen(account)

    def both(self) -> tuple[Citizen, Citizen]:
        """One person, whose messages come to the one bot and to the other."""
        here = self.citizen(0)
        return here, self.citizen(1, here.open_id)

    @contextmanager
    def actions_asleep(self) -> Iterator[None]:
        actions = self.bots[0].processes["actions"]
        actions.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            actions.send_signal(signal.SIGCONT)

    def turns(self, message_id: int) -> list[str]:
        """The states of the turns that a message began."""
        with self.database.reading() as session:
            known = session.query(Turn.state).filter(Turn.client_msg_id.like(f"%{message_id}"))
            return [state for (state,) in known]

    def settled(self, message_id: int) -> bool:
        """Whether all is out that was to be said to this message."""
        with self.database.reading() as session:
            delivery = session.query(WechatDelivery).filter(WechatDelivery.key.like(f"%{message_id}")).one()
            return bool(delivery.settled)


@pytest.fixture(scope="module")
def two(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoBots]:
    folder, api, redis = tmp_path_factory.mktemp("two-bots"), FakeApi(), redis_way()
    direct = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    with server() as engine, two_databases(engine, direct) as urls:
        environment = surroundings(
            folder,
            **urls,
            REDIS_URL=f"redis://127.0.0.1:{redis.port}/6",
            **account_settings(api),
        )
        (folder / "other").mkdir()
        bots = [
            RunningHall(folder, environment),
            RunningHall(folder / "other", {**environment, "WEB_PORT": str(free_port())}),
        ]
        database = Database(urls["DATABASE_URL"])
        bots[0].start("actions")
        for bot in bots:
            bot.start("bot")
        try:
            bots[0].wait_for("bot", "actions")
            bots[1].wait_for("bot")
            demo_of(bots[0])
            yield TwoBots(bots, redis, api, database)
        finally:
            for bot in bots:
                bot.kill_what_runs()
            database.close()
            api.close()


def one_answer(two: TwoBots, message_id: int, heard: list[str | None], person: Citizen, words: str) -> None:
    """One turn was answered; who heard anything heard the same, once: as the reply, or sent and then nowhere else."""
    eventually(lambda: two.settled(message_id))
    assert two.turns(message_id) == ["answered"]
    sent = [as_seen(message) for message in two.api.sent_to(person.open_id)]
    replies = [each for each in heard if each is not None]
    assert len(sent) == (0 if replies else 1)
    assert len({*sent, *replies}) == 1
    assert words in [*sent, *replies][0]


@pytest.mark.parametrize("order", ["together", "here_first", "there_first"])
def test_o5_a_message_that_comes_to_both_bots_is_answered_once(two: TwoBots, order: str) -> None:
    here, there = two.both()
    message_id, heard = secrets.randbits(60), []
    text = f"{QUESTION} {message_id}abc"
    if order == "together":
        in_parallel(
            [lambda who=who: heard.append(who.say(text, message_id=message_id)) for who in (here, there)]
        )
    else:
        for who in (here, there) if order == "here_first" else (there, here):
            heard.append(who.say(text, message_id=message_id))
    heard.append(there.say(text, message_id=message_id))

    one_answer(two, message_id, heard, here, ANSWER)


def test_o5_who_hangs_up_at_one_bot_finds_the_turn_at_the_other(two: TwoBots) -> None:
    here, there = two.both()
    message_id = secrets.randbits(60)
    text = f"{QUESTION} {message_id}abc"
    heard = [
        here.say(text, message_id=message_id, attempts=1, patience=(0.01,)),
        there.say(text, message_id=message_id),
    ]

    one_answer(two, message_id, heard, here, ANSWER)


def test_o5_a_turn_too_slow_for_both_is_sent_by_one(two: TwoBots) -> None:
    here, there = two.both()
    message_id, heard = secrets.randbits(60), []
    with two.actions_asleep():
        in_parallel(
            [lambda who=who: heard.append(who.say(SLOW, message_id=message_id)) for who in (here, there)]
        )
    assert heard == [None, None]

    one_answer(two, message_id, heard, here, SLOW_ANSWER)
    assert here.say(SLOW, message_id=message_id) is None  # a late delivery changes nothing
    one_answer(two, message_id, heard, here, SLOW_ANSWER)


def test_o5_a_bot_killed_in_the_middle_leaves_the_turn_to_the_other(two: TwoBots) -> None:
    here, there = two.both()
    message_id, heard = secrets.randbits(60), []
    with two.actions_asleep():
        first = threading.Thread(
            target=lambda: heard.append(here.say(SLOW, message_id=message_id, attempts=1))
        )
        first.start()
        eventually(lambda: two.turns(message_id))
        two.bots[0].stop("bot", signal.SIGKILL)
        first.join()
    try:
        assert heard == [None]
        heard.append(there.say(SLOW, message_id=message_id))
        one_answer(two, message_id, heard, here, SLOW_ANSWER)
    finally:
        two.bots[0].start("bot")
        two.bots[0].wait_for("bot")
    one_answer(two, message_id, heard, here, SLOW_ANSWER)  # nor does the one that comes back say it again


def test_o5_without_redis_both_bots_answer_each_message_once_all_the_same(two: TwoBots) -> None:
    two.redis.cut()
    try:
        for _ in range(3):
            here, there = two.both()
            message_id, heard = secrets.randbits(60), []
            text = f"{QUESTION} {message_id}abc"
            in_parallel(
                [lambda who=who: heard.append(who.say(text, message_id=message_id)) for who in (here, there)]
            )  # noqa: B023
            one_answer(two, message_id, heard, here, ANSWER)
    finally:
        two.redis.mend()
