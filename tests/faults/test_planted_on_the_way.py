"""What people tell is on its way through Redis and RabbitMQ, too: nothing of it is there in clear (design §5)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.bot.test_planted import CERTIFICATE, PHONE, PLANTED, holds_none
from tests.conftest import RunningHall, demo_of, surroundings
from tests.faults.services import POSTGRESQL, Exchange, Way, exchange, redis_way, server, two_databases
from tests.faults.talking import eventually
from tests.talk import Person

pytestmark = pytest.mark.soak

REDIS_DATABASE = 6


class Overheard:
    """All that a Redis server is told while the block is open."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        server_ = Redis(socket_timeout=1)
        with server_.monitor() as monitor:
            listener = threading.Thread(target=self._listen, args=(monitor,), daemon=True)
            listener.start()
            yield
        server_.close()
        listener.join(5)

    def _listen(self, monitor: object) -> None:
        with suppress(RedisError, OSError, ValueError, AttributeError):  # until it is closed
            while True:
                with suppress(TimeoutError):
                    self.said.append(str(monitor.next_command()))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def told(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningHall, Exchange]]:
    """A bot on PostgreSQL, Redis and RabbitMQ with a relay, and a queue in which all that it tells stands."""
    folder = tmp_path_factory.mktemp("told")
    way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    with exchange() as broker, server() as engine, two_databases(engine, way) as urls:
        redis = f"redis://127.0.0.1:{redis_way().port}/{REDIS_DATABASE}"
        hall = RunningHall(
            folder, surroundings(folder, **urls, REDIS_URL=redis, **broker.environment(folder))
        )
        demo_of(hall)
        broker.overhear()
        for process in ("bot", "actions", "relay"):
            hall.start(process)
        try:
            hall.wait()
            yield hall, broker
        finally:
            hall.kill_what_runs()


def test_what_is_planted_goes_through_redis_and_rabbitmq_as_tokens(
    told: tuple[RunningHall, Exchange],
) -> None:
    hall, broker = told
    overheard = Overheard()
    with overheard.listening():
        person = Person(hall.web)
        for text in (
            "找回个人账号",
            f"冯小桃 {CERTIFICATE} {PHONE}",
            PLANTED["code"],
            f"我的卡号是{PLANTED['card']}，密码是{PLANTED['password']}",
            "取消",
            "找人工",
            f"打我电话{PHONE}，证件{CERTIFICATE}",
        ):
            person.say(text)
        eventually(lambda: broker.depth("overheard") >= len(person.seen))
    messages = b"\n".join(broker.take("overheard"))
    commands = "\n".join(overheard.said).encode()

    assert "〔身份证#1〕".encode() in messages
    assert person.opened["session"].encode() in commands, "the bell rang there"
    holds_none(messages)
    holds_none(commands)
    holds_none(b"".join(path.read_bytes() for path in hall.folder.glob("*.log")))
