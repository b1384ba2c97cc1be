"""`python -m hrss transcripts …`: the processes of the feed, and what keeps it true."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, time, timezone
from typing import Any

from hrss import logs
from hrss.database import Database, limit_waiting
from hrss.feed import store, told
from hrss.settings import TranscriptFeed


class StoreDiffers(Exception):
    """The transcript store does not say what the database says."""


def add_to(commands: Any) -> None:
    steps = commands.add_parser(
        "transcripts", help="what was said, for others, through RabbitMQ (RABBITMQ_URL)"
    ).add_subparsers(dest="step", required=True)
    steps.add_parser("relay", help="publish what was said, for ever")
    steps.add_parser("consume", help="take it into TRANSCRIPTS_DATABASE_URL, for ever; needs no key of ours")
    steps.add_parser("compare", help="hold the store against the database; 1 when they differ")
    again = steps.add_parser(
        "again", help="tell everything once more: after a restore, or when RabbitMQ or the store was lost"
    )
    again.add_argument(
        "--since", type=date.fromisoformat, help="only conversations in which someone spoke since"
    )


def consume(feed: TranscriptFeed) -> None:
    """Be the consumer."""
    from hrss.feed.consumer import Consumer  # what speaks to RabbitMQ is large, and most have no use for it

    logs.configure()
    limit_waiting()
    asyncio.run(Consumer(Database(feed.database_url), feed).run())


def run(database: Database, feed: TranscriptFeed, chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.step == "relay":
        from hrss.feed.relay import Relay

        logs.configure()
        limit_waiting()
        asyncio.run(Relay(database, feed).run())
    elif chosen.step == "again":
        since = chosen.since and datetime.combine(chosen.since, time.min, timezone.utc)
        with database.transaction() as session:
            yield f"{told.again(session, since=since)} conversations are told again"
    else:
        lines = Database(feed.database_url)
        store.prepare(lines)
        with database.reading() as records, lines.reading() as kept:
            found = store.compare(records, kept)
        yield json.dumps(asdict(found))
        if not found.agrees:
            raise StoreDiffers(
                "the transcript store differs: `python -m hrss transcripts again` tells it anew"
            )
