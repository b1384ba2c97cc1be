"""Takes transcripts out of RabbitMQ into their store. Any number may run: one works, the others stand by."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timezone

from aio_pika.abc import AbstractIncomingMessage

from hrss.database import AWAY, Database
from hrss.feed import store
from hrss.feed.broker import BROKER_AWAY, PATIENCE_SECONDS, Broker, reached
from hrss.feed.line import ToldLine, Unreadable
from hrss.settings import TranscriptFeed

log = logging.getLogger(__name__)

AT_ONCE = 500  # messages in one transaction
GATHER_SECONDS = 0.05  # in which more may come, to be written by the same transaction
LOOK_SECONDS = 5.0  # without a message; then it is asked whether the queue is still there
AGAIN_SECONDS = 2.0  # after something was away


class Consumer:
    """Writes first and acknowledges then: what it had in hand when it was killed is given out again, and known."""

    def __init__(self, database: Database, feed: TranscriptFeed) -> None:
        self._store, self._feed = database, feed

    async def run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(store.prepare, self._store)
                async with reached(self._feed) as broker:
                    await self._consume(broker)
            except (*BROKER_AWAY, *AWAY):
                log.warning("the consumer stands still", exc_info=True)
            except Exception:
                log.exception("the consumer stands still")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _consume(self, broker: Broker) -> None:
        given: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        await broker.channel.set_qos(prefetch_count=AT_ONCE, timeout=PATIENCE_SECONDS)
        queue = await broker.queue()
        await queue.consume(given.put, timeout=PATIENCE_SECONDS)
        log.info("the consumer has reached RabbitMQ")
        while True:
            try:
                messages = [await asyncio.wait_for(given.get(), LOOK_SECONDS)]
            except asyncio.TimeoutError:
                await broker.depth()  # raises when the connection or the queue is gone
                continue
            await asyncio.sleep(GATHER_SECONDS)
            while not given.empty():
                messages.append(given.get_nowait())
            await self._take(messages)

    async def _take(self, messages: list[AbstractIncomingMessage]) -> None:
        lines, refused = [], []
        for message in messages:
            try:
                lines.append(ToldLine.decode(message.body))
            except Unreadable:
                refused.append(message)
        await asyncio.to_thread(self._write, lines)
        for message in refused:
            log.error("a message that is no line of a transcript was refused")
            await message.reject(requeue=False)
        if messages[-1] in refused:
            messages = [message for message in messages if message not in refused]
        if messages:
            await messages[-1].ack(multiple=True)

    def _write(self, lines: list[ToldLine]) -> None:
        with self._store.transaction() as session:
            store.take(session, lines, now=datetime.now(timezone.utc))
