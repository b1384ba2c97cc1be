"""What the Rasa server counts, and what it reads from the shared database when it is asked for figures."""

from __future__ import annotations

from datetime import datetime, timezone

import structlog

from bot import hall
from hrss import health, metrics
from hrss.metrics import Counter, Gauge, Histogram, Metric, gauge

log = structlog.get_logger()

REQUESTS = Counter("hrss_http_requests_total", "Requests answered", "method", "route", "status")
REQUEST_SECONDS = Histogram("hrss_http_request_seconds", "Time to the answer of a request", "route")
TURNS = Counter("hrss_turns_total", "Messages of people, by what came of them", "channel", "outcome")
TURN_SECONDS = Histogram("hrss_turn_seconds", "Time from a message to its answer", "channel")
TURNS_RUNNING = Gauge("hrss_turns_running", "Messages being answered", "channel")
COUNTED: tuple[Metric, ...] = (REQUESTS, REQUEST_SECONDS, TURNS, TURN_SECONDS, TURNS_RUNNING)


def exposition() -> str:
    """Return all figures; without the database, those of this process and that it is away."""
    read: list[Metric] = []
    up = Gauge("hrss_database_up", "Whether the shared database answers")
    try:
        with hall.database().reading() as session:
            fed = hall.settings().transcript_feed is not None
            found = health.read(session, now=datetime.now(timezone.utc), fed=fed)
        up.set(to=1)
        read = [
            gauge("hrss_turns_waiting", "Messages that have no answer yet", "channel", found.turns_waiting),
            gauge("hrss_sms_queued", "Text messages that wait", "template", found.sms_queued),
            gauge(
                "hrss_sms_unknown",
                "Text messages of which nobody knows the end",
                "template",
                found.sms_unknown,
            ),
            gauge("hrss_sms_wait_seconds", "Age of the oldest one that waits", "queue", found.sms_wait),
            gauge("hrss_cases_open", "Cases that nobody has decided", "kind", found.cases_open),
            gauge("hrss_heartbeat_age_seconds", "Since a process showed itself", "process", found.heartbeats),
            gauge("hrss_closed", "What is closed", "name", found.closed),
            gauge("hrss_transcripts_behind", "Messages that wait for it", "process", found.behind),
        ]
        if found.oldest_untold is not None:
            untold = Gauge("hrss_transcripts_wait_seconds", "Age of the oldest message not published yet")
            untold.set(to=found.oldest_untold)
            read.append(untold)
    except Exception:
        log.warning("database.away", exc_info=True)
        up.set(to=0)
    return metrics.exposition([*COUNTED, up, *read])
