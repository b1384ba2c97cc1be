"""What stands in RabbitMQ: an exchange for whoever listens, and a queue of our own that nothing is lost from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aio_pika import ExchangeType, connect
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from aio_pika.exceptions import AMQPException

from hrss.settings import TranscriptFeed

PATIENCE_SECONDS = 10.0  # for RabbitMQ to answer
CLOSING_SECONDS = 2.0

# What is raised when RabbitMQ cannot be reached, or does not take or give what it should.
BROKER_AWAY = (AMQPException, OSError, asyncio.TimeoutError)


class Broker:
    """A channel to RabbitMQ on which every publication is confirmed."""

    def __init__(self, channel: AbstractChannel, name: str) -> None:
        self.channel, self._name = channel, name

    async def exchange(self) -> AbstractExchange:
        return await self.channel.declare_exchange(
            self._name, ExchangeType.TOPIC, durable=True, timeout=PATIENCE_SECONDS
        )

    async def queue(self) -> AbstractQueue:
        """
        The queue of the transcript store, bound to everything that is said.

        Relay and consumer both make it, so that nothing is published before there is someone to keep it. It gives its
        messages to one consumer at a time, in order; another one takes over when that is gone.
        """
        exchange = await self.exchange()
        refused = f"{self._name}.refused"
        where_refused = await self.channel.declare_exchange(
            refused, ExchangeType.FANOUT, durable=True, timeout=PATIENCE_SECONDS
        )
        kept = await self.channel.declare_queue(refused, durable=True, timeout=PATIENCE_SECONDS)
        await kept.bind(where_refused, timeout=PATIENCE_SECONDS)
        queue = await self.channel.declare_queue(
            f"{self._name}.store",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-single-active-consumer": True,
                "x-dead-letter-exchange": refused,
            },
            timeout=PATIENCE_SECONDS,
        )
        await queue.bind(exchange, routing_key="#", timeout=PATIENCE_SECONDS)
        return queue

    async def depth(self) -> tuple[int, int]:
        """How many messages stand in that queue, and how many consumers are at it."""
        found = await self.channel.declare_queue(
            f"{self._name}.store", passive=True, timeout=PATIENCE_SECONDS
        )
        result = found.declaration_result
        return result.message_count or 0, result.consumer_count or 0


@asynccontextmanager
async def reached(feed: TranscriptFeed) -> AsyncIterator[Broker]:
    connection = await connect(feed.rabbitmq_url, timeout=PATIENCE_SECONDS)
    try:
        channel = await asyncio.wait_for(connection.channel(publisher_confirms=True), PATIENCE_SECONDS)
        yield Broker(channel, feed.exchange)
    finally:
        with suppress(Exception):  # one that hangs does not answer to a farewell either
            await asyncio.wait_for(connection.close(), CLOSING_SECONDS)
