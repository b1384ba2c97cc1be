"""
A bell that is heard in all processes, by Redis.

It carries no more than the names of conversations: what was said stands in the database. When Redis is away, whoever
listens here looks there once a second instead; nothing is lost, and it is noticed a little later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.bell import Bell
from hrss import conversations
from hrss.database import Database
from hrss.lines import Line

log = structlog.get_logger()

CHANNEL = "hrss:bell"
PATIENCE_SECONDS = 2.0  # for Redis to take a word
LISTEN_SECONDS = 5.0  # without a word; then it is asked whether it is still there
LOOK_SECONDS = 1.0  # between two looks at the database while Redis is away
MOST_WAITING = (
    10_000  # rings that wait to be passed on; then the oldest are dropped, for who listens looks again
)


class SharedBell(Bell):
    """Rings in every process that has one on the same Redis."""

    def __init__(self, redis_url: str, database: Database) -> None:
        super().__init__()
        self._redis = Redis.from_url(
            redis_url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        )
        self._database = database
        self._rung: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_elsewhere = False
        self._last_seqs: dict[str, int] = {}

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(work()) for work in (self._listen, self._pass_on, self._look)]

    def ring(self, conversation_id: str, said: Sequence[Line] = ()) -> None:
        super().ring(conversation_id, said)
        if self._rung.full():
            self._rung.get_nowait()
        self._rung.put_nowait(conversation_id)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        super().close()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as words:
                    await words.subscribe(CHANNEL)
                    log.info("bell.heard")
                    self._heard_elsewhere = True
                    self._ring_all()  # what was rung meanwhile was missed
                    while True:
                        word = await words.get_message(ignore_subscribe_messages=True, timeout=LISTEN_SECONDS)
                        if word is None:
                            await words.ping()
                        else:
                            super().ring(word["data"].decode())
            except (RedisError, OSError):
                if self._heard_elsewhere:
                    log.warning("bell.away", exc_info=True)
            self._heard_elsewhere = False
            await asyncio.sleep(LOOK_SECONDS)

    async def _pass_on(self) -> None:
        while True:
            conversation_id = await self._rung.get()
            try:
                await self._redis.publish(CHANNEL, conversation_id)
            except (RedisError, OSError):
                await asyncio.sleep(LOOK_SECONDS)  # who listens elsewhere looks into the database meanwhile

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._heard_elsewhere or not self.is_heard:
                continue
            try:
                now = await asyncio.to_thread(self._said, list(self._waiting))
            except Exception:
                log.warning("bell.unseen", exc_info=True)  # the database may be away too
                continue
            for conversation_id, last_seq in now.items():
                if self._last_seqs.get(conversation_id) != last_seq:
                    super().ring(conversation_id)
            self._last_seqs = now

    def _said(self, conversation_ids: list[str]) -> dict[str, int]:
        with self._database.reading() as session:
            return conversations.last_seqs(session, conversation_ids)

    def _ring_all(self) -> None:
        for conversation_id in list(self._waiting):
            super().ring(conversation_id)


def bell(redis_url: str, database: Database) -> Bell:
    """A bell for one process, or for all when there is a Redis between them."""
    return SharedBell(redis_url, database) if redis_url else Bell()
