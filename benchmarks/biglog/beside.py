"""What goes on beside the console over the same tables: accounts looked up by keyed hash, turns written while staff read."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from random import Random

from sqlalchemy import delete, func, select

from benchmarks.biglog.fill import certificate
from benchmarks.biglog.pages import Measured, asked, signed_in
from hrss import accounts, conversations
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.tables import Conversation, Message, PersonAccount, Turn

TIMES = 500
READERS = 2


def beside(database: Database, settings: Settings, only: str) -> Iterator[Measured]:
    hall = Hall.open(settings, database)
    if only in "look-up":
        yield from _lookups(database, hall)
    if only in "a turn written":
        yield _measured("a turn written, nobody reading", _turns(database))
        stop = threading.Event()
        readers = [
            threading.Thread(target=_read, args=(database, settings, number, stop))
            for number in range(READERS)
        ]
        for reader in readers:
            reader.start()
        try:
            yield _measured(f"a turn written, {READERS} reading page after page", _turns(database))
        finally:
            stop.set()
            for reader in readers:
                reader.join()


def _lookups(database: Database, hall: Hall) -> Iterator[Measured]:
    random = Random(3)
    with database.reading() as session:
        there = int(session.scalar(select(func.count()).select_from(PersonAccount)))
        numbers = [random.randrange(there) for _ in range(TIMES)]

        def each(find: Callable[[int], object]) -> list[float]:
            taken = []
            for number in numbers:
                session.expunge_all()
                began = time.perf_counter()
                assert find(number) is not None
                taken.append(time.perf_counter() - began)
            return taken

        yield _measured(
            "look-up: a person by certificate",
            each(lambda number: accounts.person_with(session, hall, certificate=certificate(number))),
        )
        yield _measured(
            "look-up: an account by login",
            each(lambda number: accounts.of_login(session, "gd", f"login{number}")),
        )
        yield _measured(
            "look-up: a certificate that nobody has",
            each(
                lambda number: (
                    accounts.person_with(session, hall, certificate=certificate(-number - 1)) is None
                )
            ),
        )


def _turns(database: Database) -> list[float]:
    """Conversations are held, timed, and taken away again."""
    taken, held = [], []
    for number in range(TIMES // 5):
        now = datetime.now(timezone.utc)
        with database.transaction() as session:
            conversation = conversations.open(
                session, channel="web", province="gd", now=now, idle=timedelta(minutes=30)
            ).id
        held.append(conversation)
        began = time.perf_counter()
        with database.transaction() as session:
            turn = conversations.receive(
                session, conversation, client_msg_id="1", text=f"第{number}问", option=None, now=now
            )
        with database.transaction() as session:
            reading = {"decision": "none", "stage": "rank"}
            said = [{"text": "没太听明白。"}]
            conversations.answer(session, turn.turn_id, messages=said, reading=reading, now=now, total_ms=1.0)
        taken.append(time.perf_counter() - began)
    with database.transaction() as session:
        for table, whose in (
            (Message, Message.conversation_id),
            (Turn, Turn.conversation_id),
            (Conversation, Conversation.id),
        ):
            session.execute(delete(table).where(whose.in_(held)).execution_options(synchronize_session=False))
    return taken


def _read(database: Database, settings: Settings, number: int, stop: threading.Event) -> None:
    clients = signed_in(database, settings)
    pages = list(asked(database, datetime.now(timezone.utc)))[number::READERS]
    while True:
        for page in pages:
            for address in page.addresses:
                if stop.is_set():
                    return
                clients[page.who].get(address).get_data()


def _measured(what: str, taken: list[float]) -> Measured:
    return Measured(
        what, statistics.median(taken) * 1000, sorted(taken)[-(-len(taken) * 95 // 100) - 1] * 1000
    )
