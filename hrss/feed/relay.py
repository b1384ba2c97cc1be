"""Publishes what was said. Any number of relays may run; a second one doubles the work, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from datetime import datetime, timezone

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange

from hrss import health
from hrss.database import AWAY, Database
from hrss.feed import told
from hrss.feed.broker import BROKER_AWAY, PATIENCE_SECONDS, Broker, reached
from hrss.feed.line import ToldLine
from hrss.feed.told import Place
from hrss.settings import TranscriptFeed

log = logging.getLogger(__name__)

ROUND = 500  # messages between two notes of how far it has come
LOOK_SECONDS = 0.5  # between two looks while nothing waits
AGAIN_SECONDS = 2.0  # after something was away


class Relay:
    """
    Tells RabbitMQ what stands in the database, and writes down there what RabbitMQ has confirmed.

    Killed between the two, it tells it again at the next start. The first time that a message is told comes after all
    that was said before it in its conversation, whoever tells it.
    """

    def __init__(self, database: Database, feed: TranscriptFeed) -> None:
        self._database, self._feed = database, feed
        self._confirmed: dict[str, Place] = {}  # and not written down yet
        self._beaten = float("-inf")

    async def run(self) -> None:
        while True:
            try:
                async with reached(self._feed) as broker:
                    await broker.queue()
                    exchange = await broker.exchange()
                    log.info("the relay has reached RabbitMQ")
                    while True:
                        await self._beat(broker)
                        if not await self.round(exchange):
                            await asyncio.sleep(LOOK_SECONDS)
            except (*BROKER_AWAY, *AWAY):
                log.warning("the relay stands still", exc_info=True)
            except Exception:
                log.exception("the relay stands still")
            await asyncio.sleep(AGAIN_SECONDS)

    async def round(self, exchange: AbstractExchange) -> int:
        """Tell what waits; return how much that was."""
        lines = await asyncio.to_thread(self._waiting)
        by_conversation: defaultdict[str, list[ToldLine]] = defaultdict(list)
        for line in lines:
            if self._confirmed.get(line.conversation, (0, 0)) < (line.edition, line.seq):
                by_conversation[line.conversation].append(line)
        # Each in its order; the conversations side by side, for a confirmation takes as long as a disk.
        publishing = (self._publish(exchange, each) for each in by_conversation.values())
        failed = [each for each in await asyncio.gather(*publishing, return_exceptions=True) if each]
        if self._confirmed:
            await asyncio.to_thread(self._move)
        if failed:
            raise failed[0]
        return sum(map(len, by_conversation.values()))

    def _waiting(self) -> list[ToldLine]:
        with self._database.reading() as session:
            return told.waiting(session, ROUND)

    async def _publish(self, exchange: AbstractExchange, lines: list[ToldLine]) -> None:
        for line in lines:
            message = Message(
                line.encode(),
                message_id=line.id,
                timestamp=line.at,
                content_type="application/json",
                delivery_mode=DeliveryMode.PERSISTENT,
            )
            await exchange.publish(
                message, line.routing_key, mandatory=True, timeout=PATIENCE_SECONDS
            )  # returns when it is confirmed; raises when no queue took it
            self._confirmed[line.conversation] = (line.edition, line.seq)

    def _move(self) -> None:
        with self._database.transaction() as session:
            passed_over = told.move(session, self._confirmed)
        self._confirmed = {each: self._confirmed[each] for each in passed_over}

    async def _beat(self, broker: Broker) -> None:
        if time.monotonic() - self._beaten < health.BEAT_EVERY.total_seconds():
            return
        depth, consumers = await broker.depth()
        await asyncio.to_thread(self._note, depth, consumers)
        self._beaten = time.monotonic()

    def _note(self, depth: int, consumers: int) -> None:
        """Show that the relay lives; and for the consumer, who may not reach this database, that it was seen."""
        now = datetime.now(timezone.utc)
        with self._database.transaction() as session:
            health.beat(session, health.RELAY, now, behind=told.behind(session))
            if consumers:
                health.beat(session, health.CONSUMER, now, behind=depth)
