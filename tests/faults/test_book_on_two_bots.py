"""Two bots on one database: what staff publish and activate answers on both within seconds, while people talk on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from faq import trained
from faq.shelf import shipped_bodies
from hrss import books, staff, trained_models
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import Turn
from tests.conftest import RunningHall, free_port, surroundings
from tests.faults.services import POSTGRESQL, Way, redis_way, server, two_databases
from tests.talk import Person

pytestmark = pytest.mark.soak

LIVE_SECONDS = 5
REDIS_DATABASE = 7
ENTRY = "gd.password.change"
ASKED = "记得原密码，怎样修改密码？"
STAFF = "lin_xiaoyu"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def surrounded(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """What the bots have around them: nothing, or PostgreSQL and Redis."""
    if request.param == "sqlite":
        yield {}
        return
    way = Way(POSTGRESQL.host or "127.0.0.1", POSTGRESQL.port or 5432)
    with server() as engine, two_databases(engine, way) as urls:
        yield {**urls, "REDIS_URL": f"redis://127.0.0.1:{redis_way().port}/{REDIS_DATABASE}"}


@pytest.fixture(scope="module")
def bots(
    model: Path, surrounded: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningHall]]:
    """Two bots and an action server on one database; the address of the second is one of the first's origins."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "other").mkdir()
    first = RunningHall(folder, surroundings(folder, **surrounded))
    port = free_port()
    first.environment["WEB_ORIGINS"] += f",http://127.0.0.1:{port}"
    second = RunningHall(folder / "other", {**first.environment, "WEB_PORT": str(port)})
    try:
        first.start("bot")
        first.start("actions")
        first.wait()
        second.start("bot")
        second.wait_for("bot")
        yield [first, second]
    finally:
        for bot in (first, second):
            bot.kill_what_runs()


@pytest.fixture(scope="module")
def database(bots: list[RunningHall]) -> Iterator[Database]:
    database = Database(bots[0].database_url)
    with database.transaction() as session:
        staff.add(session, STAFF, "林晓雨", Role.TRAINER, "a-long-enough-passphrase", now())
    yield database
    database.close()


def now() -> datetime:
    return datetime.now(timezone.utc)


def said(person: Person, text: str) -> str:
    return "\n".join(event.get("text", "") for event in person.say(text))


def test_a_published_answer_is_given_by_every_bot_while_people_talk(
    bots: list[RunningHall], database: Database
) -> None:
    people = [Person(bot.web) for bot in bots]
    assert all("下次登录" not in said(person, ASKED) for person in people)
    bodies = shipped_bodies()
    bodies[ENTRY] = {**bodies[ENTRY], "note": "改好以后，下次登录要用新密码。"}

    with database.transaction() as session:
        version = books.publish(session, bodies, note="", now=now(), by=STAFF)
    time.sleep(LIVE_SECONDS)
    assert all("下次登录要用新密码" in said(person, ASKED) for person in people)

    with database.reading() as session:
        last = [
            session.query(Turn)
            .filter_by(conversation_id=person.opened["session"])
            .order_by(Turn.seq.desc())
            .first()
            for person in people
        ]
    assert {turn.entry_version for turn in last} == {version}, "the conversations of before go on"


def test_an_activated_model_reads_in_every_bot_and_conversations_go_on(
    bots: list[RunningHall], database: Database
) -> None:
    with database.reading() as session:
        installed = trained_models.active(session).model
    assert installed and trained.is_here(installed)
    people = [Person(bot.web) for bot in bots]
    for person in people:
        said(person, ASKED)

    def thresholds() -> list[float]:
        found = []
        for person in people:
            person.say("单位账号的登录密码想找回来")
            with database.reading() as session:
                turn = (
                    session.query(Turn)
                    .filter_by(conversation_id=person.opened["session"])
                    .order_by(Turn.seq.desc())
                    .first()
                )
            found.append((turn.thresholds or {}).get("sure", 0.0))
        return found

    with database.transaction() as session:
        trained_models.activate(session, installed, {"sure": 0.97}, note="", staff=STAFF, now=now())
    time.sleep(LIVE_SECONDS)
    assert thresholds() == [0.97, 0.97]
    with database.transaction() as session:
        trained_models.activate(session, installed, {}, note="", staff=STAFF, now=now())
    time.sleep(LIVE_SECONDS)
    assert 0.97 not in thresholds()

    for person in people:
        assert "密码" in said(person, ASKED)
