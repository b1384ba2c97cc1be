"""Drills on the SMS dispatcher as a process, with a gateway that fails, hangs, and answers twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hrss import dispatcher, health, sms
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.sms import SmsState
from hrss.tables import OutboxSms
from tests.conftest import ROOT, surroundings
from tests.faults.talking import eventually

PHONES = [f"1390000{number:04}" for number in range(6)]


class Gateway:
    """The cloud, as the dispatcher's SDK sees it: counts what it took, and misbehaves by phone."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.hang = threading.Event()
        gateway = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                phone = body["PhoneNumberSet"][0].removeprefix("+86")
                gateway.asked[phone] += 1
                code = gateway.decide(phone)
                status = {"Code": code, "SerialNo": "1", "PhoneNumber": phone, "Fee": 1, "Message": code}
                statuses = [status, status] if phone == PHONES[3] else [status]
                answer = {"Response": {"SendStatusSet": statuses, "RequestId": "r"}}
                try:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(json.dumps(answer).encode())
                except OSError:
                    pass  # who asked was killed

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def decide(self, phone: str) -> str:
        if phone == PHONES[1] and self.asked[phone] < 3:
            return "LimitExceeded.PhoneNumberThirtySecondLimit"
        if phone == PHONES[2]:
            return "FailedOperation.PhoneNumberInBlacklist"
        self.taken[phone] += 1
        if phone == PHONES[4]:
            self.hang.wait(60)  # it has taken the message, and never says so
        return "Ok"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.hang.set()
    made.server.shutdown()


@contextmanager
def dispatching(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "hrss", "sms", "--watch"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def through(gateway: Gateway, folder: Path) -> dict[str, str]:
    """The environment of a dispatcher that sends through this gateway."""
    templates = ",".join(f"{name}:{number}" for number, name in enumerate(sms.templates()))
    return surroundings(
        folder,
        SMS_GATEWAY="tencent",
        TENCENT_SMS_SECRET_ID="id",
        TENCENT_SMS_SECRET_KEY="key",
        TENCENT_SMS_APP_ID="1400000000",
        TENCENT_SMS_SIGN="示例",
        TENCENT_SMS_TEMPLATES=templates,
        TENCENT_SMS_ENDPOINT=f"http://127.0.0.1:{gateway.server.server_port}",
    )


def test_whatever_the_gateway_does_no_phone_gets_a_message_twice_and_none_is_held_up(
    gateway: Gateway, tmp_path: Path
) -> None:
    environment = through(gateway, tmp_path)
    settings = Settings.from_env(environment)
    database = Database(settings.database_url)
    database.migrate()
    hall, now = Hall.open(settings, database), datetime.now(timezone.utc)
    with database.transaction() as session:
        for number, phone in enumerate(PHONES):
            sms.queue(
                session,
                hall,
                phone=phone,
                template="code",
                blanks={"code": "123456", "minutes": "5"},
                now=now + timedelta(milliseconds=number),
            )

    def states() -> list[str]:
        with database.reading() as session:
            return list(session.scalars(select(OutboxSms.state).order_by(OutboxSms.queued_at)))

    def wait_for(condition: Any) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, (states(), gateway.asked)
            time.sleep(0.1)

    with dispatching(environment) as first, dispatching(environment):
        wait_for(lambda: gateway.taken[PHONES[4]] and gateway.taken[PHONES[5]])
        wait_for(lambda: states().count("sending") == 1)
        [stuck] = [number for number, state in enumerate(states()) if state == "sending"]
        assert stuck == 4
        # one of the two has the message in hand that the gateway took without a word: both are killed
        first.send_signal(signal.SIGKILL)
    gateway.hang.set()
    with dispatching(environment):
        wait_for(lambda: states()[1] == "sent")
        wait_for(lambda: _lives(database))
    dispatcher.dispatch(database, hall, now=now + dispatcher.CLAIM_ABANDONED + timedelta(minutes=1))

    assert states() == [
        SmsState.SENT.value,
        SmsState.SENT.value,  # refused twice for a moment
        SmsState.FAILED.value,  # refused for good
        SmsState.UNKNOWN.value,  # answered twice: that is no answer
        SmsState.UNKNOWN.value,  # taken or not
        SmsState.SENT.value,
    ]
    assert max(gateway.taken.values()) == 1, "nobody got it twice"
    assert gateway.asked[PHONES[1]] == 3
    database.close()


@pytest.mark.soak
def test_a_dispatcher_killed_at_random_sends_nothing_twice_and_loses_nothing_it_had_not_in_hand(
    gateway: Gateway, tmp_path: Path
) -> None:
    environment, kills = through(gateway, tmp_path), 6
    settings = Settings.from_env(environment)
    database = Database(settings.database_url)
    database.migrate()
    hall, now = Hall.open(settings, database), datetime.now(timezone.utc)
    phones = [f"1391000{number:04}" for number in range(150)]
    with database.transaction() as session:
        for phone in phones:
            sms.queue(session, hall, phone=phone, template="login", blanks={"login": "gd0001"}, now=now)

    moments = random.Random(5)
    for kill in range(kills):
        with dispatching(environment):  # it is killed when the block is left
            share = len(phones) * kill // (kills + 1)
            eventually(lambda share=share: gateway.taken.total() > share)
            time.sleep(moments.uniform(0, 0.3))
    with dispatching(environment):
        eventually(lambda: not _states(database)[SmsState.QUEUED.value])
    dispatcher.dispatch(database, hall, now=now + dispatcher.CLAIM_ABANDONED + timedelta(minutes=10))

    states = _states(database)
    assert states[SmsState.SENT.value] + states[SmsState.UNKNOWN.value] == len(phones)
    assert states[SmsState.UNKNOWN.value] <= kills, "one in hand at a time"
    assert max(gateway.taken.values()) == 1
    assert gateway.taken.total() >= states[SmsState.SENT.value]
    database.close()


def _states(database: Database) -> Counter[str]:
    with database.reading() as session:
        return Counter(session.scalars(select(OutboxSms.state)))


def _lives(database: Database) -> bool:
    with database.reading() as session:
        age = health.read(session, now=datetime.now(timezone.utc)).heartbeats.get(health.DISPATCHER)
    return age is not None and age < 30
