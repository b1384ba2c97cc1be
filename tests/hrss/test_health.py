from datetime import datetime, timedelta

import pytest

from hrss import closures, conversations, dispatcher, health, identity, metrics
from hrss.closures import Closable
from hrss.database import Database
from hrss.hall import Hall
from hrss.staff import Role
from tests.hrss.people import CHEN, CHENS_PHONE, Talk


def test_a_calm_hall_has_no_troubles_but_a_silent_dispatcher_is_one(
    database: Database, hall: Hall, now: datetime
) -> None:
    with database.reading() as session:
        assert health.read(session, now=now).troubles() == ["sms_dispatcher_silent"]
    with database.transaction() as session:
        health.beat(session, health.DISPATCHER, now)
        health.beat(session, health.DISPATCHER, now + timedelta(seconds=30))

    with database.reading() as session:
        condition = health.read(session, now=now + timedelta(seconds=45))
        assert (condition.troubles(), condition.heartbeats) == ([], {"sms": 15.0})
        assert health.read(session, now=now + timedelta(minutes=5)).troubles() == ["sms_dispatcher_silent"]


def test_what_waits_too_long_is_a_trouble_and_gone_when_it_is_done(
    database: Database, hall: Hall, talk: Talk, now: datetime
) -> None:
    with database.transaction() as session:
        health.beat(session, health.DISPATCHER, now + timedelta(minutes=3))
        turn = conversations.receive(
            session,
            talk.id,
            client_msg_id="message-1",
            text="你好",
            option=None,
            now=now,
            request_id="r" * 16,
        )
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)

    with database.reading() as session:
        condition = health.read(session, now=now + timedelta(minutes=3))
    assert condition.troubles() == ["turns_late", "sms_late"]
    assert (condition.turns_waiting, condition.sms_queued) == ({"web": 1}, {"code": 1})
    assert condition.sms_wait == {"outbox": 180.0}

    with database.transaction() as session:
        conversations.answer(session, turn.turn_id, messages=[], reading=None, now=now, total_ms=1.0)
    dispatcher.dispatch(database, hall, now=now)
    with database.reading() as session:
        assert health.read(session, now=now + timedelta(minutes=3)).troubles() == []


def test_what_is_closed_shows(database: Database, hall: Hall, now: datetime) -> None:
    with database.transaction() as session:
        closures.close(
            session, Closable.CHANNEL, "web", reason="维护", staff=Role.ADMINISTRATOR.value, now=now
        )

    with database.reading() as session:
        assert health.read(session, now=now).closed == {"channel web": 1}


# The text that Prometheus reads


def test_figures_are_written_as_prometheus_reads_them() -> None:
    seen = metrics.Counter("seen_total", "What was seen", "kind", "where")
    seen.add("a", 'quoted "x"\\\n')
    seen.add("a", 'quoted "x"\\\n', amount=2)
    took = metrics.Histogram("took_seconds", "How long")
    for seconds in (0.004, 0.3, 99.0):
        took.observe(seconds)

    text = metrics.exposition([seen, took, metrics.gauge("waits", "What waits", "queue", {"sms": 2.5})])

    assert text.splitlines()[:3] == [
        "# HELP seen_total What was seen",
        "# TYPE seen_total counter",
        'seen_total{kind="a",where="quoted \\"x\\"\\\\\\n"} 3',
    ]
    assert 'took_seconds_bucket{le="0.005"} 1' in text
    assert 'took_seconds_bucket{le="0.5"} 2' in text
    assert 'took_seconds_bucket{le="+Inf"} 3' in text
    assert "took_seconds_count 3" in text
    assert text.endswith('waits{queue="sms"} 2.5\n')


@pytest.mark.parametrize("seconds", [0.005, 30.0])
def test_a_time_on_a_limit_counts_below_it(seconds: float) -> None:
    took = metrics.Histogram("took_seconds", "How long")
    took.observe(seconds)

    assert f'took_seconds_bucket{{le="{seconds}"}} 1' in metrics.exposition([took])
