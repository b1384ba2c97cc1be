"""Services to break: databases of our own on the PostgreSQL server, and a way to any service that can be cut."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aio_pika
import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import OperationalError

from tests.hrss.conftest import POSTGRESQL

CHUNK = 65536


def missing(service: str) -> None:
    """Skip what needs a service that does not answer; fail where REQUIRE_SERVICES=1 says that it must."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{service} does not answer", pytrace=False)
    pytest.skip(f"{service} does not answer")


class Way:
    """
    The way to a service: `cut` closes every connection and lets none through until `mend`.

    While it hangs, connections stand, new ones are taken, and nothing is heard.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = self._listening(0)
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._listener = self._listening(self.port)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def _listening(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(self._to)
            except OSError:
                here.close()
                continue
            with self._lock:
                self._open |= {here, there}
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._flowing.wait()
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()


@contextmanager
def server() -> Iterator[Engine]:
    """The PostgreSQL server, to make databases and to look at them without any detour."""
    engine = create_engine(POSTGRESQL, future=True, isolation_level="AUTOCOMMIT")
    try:
        engine.connect().close()
    except OperationalError:
        engine.dispose()
        missing("PostgreSQL")
    yield engine
    engine.dispose()


@contextmanager
def two_databases(engine: Engine, way: Way) -> Iterator[dict[str, str]]:
    """Databases for the halls and for Rasa's trackers, as the environment names them when they are reached by `way`."""
    names = {each: f"hrss_{secrets.token_hex(6)}" for each in ("DATABASE_URL", "TRACKER_DATABASE_URL")}
    with engine.connect() as connection:
        for name in names.values():
            connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield {
            each: url_of(POSTGRESQL.set(host="127.0.0.1", port=way.port, database=name, query={}))
            for each, name in names.items()
        }
    finally:
        with engine.connect() as connection:
            for name in names.values():
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def url_of(url: URL) -> str:
    return str(url.render_as_string(hide_password=False))


def redis_way() -> Way:
    """A way to the Redis server."""
    host, port = "127.0.0.1", 6379
    try:
        Redis(host=host, port=port, socket_connect_timeout=2).ping()
    except RedisError:
        missing("Redis")
    return Way(host, port)


RABBITMQ = ("127.0.0.1", 5672)


class Exchange:
    """An exchange of our own at the RabbitMQ server, reached by a way that can be cut."""

    def __init__(self, way: Way) -> None:
        self.way, self.name = way, f"hrss.{secrets.token_hex(6)}"

    def environment(self, folder: Path) -> dict[str, str]:
        return {
            "RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:{self.way.port}/",
            "TRANSCRIPTS_EXCHANGE": self.name,
            "TRANSCRIPTS_DATABASE_URL": f"sqlite:///{folder}/transcripts.db",
        }

    def depth(self, queue: str) -> int:
        """How many messages stand in a queue."""
        return asyncio.run(self._depth(f"{self.name}.{queue}"))

    def overhear(self) -> None:
        """From now on a queue of the drill's own, `overheard`, gets all that is published."""
        asyncio.run(self._overhear())

    def take(self, queue: str) -> list[bytes]:
        """Take all messages that stand in a queue: their bodies, each behind its routing key and headers."""
        return asyncio.run(self._take(f"{self.name}.{queue}"))

    def publish(self, body: bytes) -> None:
        asyncio.run(self._publish(body))

    def delete(self) -> None:
        asyncio.run(self._delete())

    async def _depth(self, queue: str) -> int:
        async with await _rabbitmq() as connection:
            channel = await connection.channel()
            return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0

    async def _overhear(self) -> None:
        async with await _rabbitmq() as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self.name, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(f"{self.name}.overheard", durable=True)
            await queue.bind(exchange, routing_key="#")

    async def _take(self, queue: str) -> list[bytes]:
        taken = []
        async with await _rabbitmq() as connection:
            standing = await (await connection.channel()).get_queue(queue)
            while message := await standing.get(no_ack=True, fail=False):
                taken.append(f"{message.routing_key} {message.headers} ".encode() + message.body)
        return taken

    async def _publish(self, body: bytes) -> None:
        async with await _rabbitmq() as connection:
            exchange = await (await connection.channel()).get_exchange(self.name)
            await exchange.publish(aio_pika.Message(body), "web.gd.user")

    async def _delete(self) -> None:
        async with await _rabbitmq() as connection:
            channel = await connection.channel()
            for queue in ("store", "refused", "overheard"):
                await channel.queue_delete(f"{self.name}.{queue}")
            for exchange in (self.name, f"{self.name}.refused"):
                await channel.exchange_delete(exchange)


@contextmanager
def exchange() -> Iterator[Exchange]:
    """The RabbitMQ server, with an exchange and queues of this drill's own."""
    try:
        asyncio.run(_reach())
    except (aio_pika.exceptions.AMQPException, OSError):
        missing("RabbitMQ")
    made = Exchange(Way(*RABBITMQ))
    yield made
    made.delete()


async def _rabbitmq() -> aio_pika.abc.AbstractConnection:
    host, port = RABBITMQ
    return await aio_pika.connect(host=host, port=port, timeout=5)


async def _reach() -> None:
    async with await _rabbitmq():
        pass
