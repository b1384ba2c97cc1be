"""Bot and action server are killed (`kill -9`), at random moments, again and again, while people ask and hand something in."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hrss.database import Database
from hrss.settings import Settings
from hrss.tables import Message, Turn
from tests.conftest import RunningHall, running
from tests.faults.talking import REGISTERED, Crowd, eventually, words_left, words_of
from tests.talk import Person

pytestmark = pytest.mark.soak

PEOPLE, MESSAGES, KILLS = 8, 6, 6
TURN_SECONDS = 4


@pytest.fixture(scope="module")
def hall(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    with running(tmp_path_factory.mktemp("mortal"), TURN_SECONDS=str(TURN_SECONDS)) as mortal:
        yield mortal


def kill_at_random(hall: RunningHall, chance: random.Random) -> None:
    for number in range(KILLS):
        time.sleep(chance.uniform(0.5, 3))
        process = ("bot", "actions")[number % 2]
        hall.stop(process, signal.SIGKILL)
        hall.start(process)
        hall.wait()


def test_whatever_is_killed_nothing_said_is_lost_and_nothing_handed_in_is_there_twice(
    hall: RunningHall,
) -> None:
    """Who was told that their words are registered has them there once; who heard an excuse may have said them in vain."""
    people = [Person(hall.web) for _ in range(PEOPLE)]
    crowd = Crowd(people, MESSAGES, pause=1.0, as_in_life=True)
    killing = threading.Thread(target=kill_at_random, args=(hall, random.Random(11)))
    with crowd.talking():
        killing.start()
    killing.join()
    settings = Settings.from_env(hall.environment)
    database = Database(settings.database_url)
    eventually(lambda: not crowd.open(database))

    left = words_left(database, settings)
    with database.reading() as session:
        for who, person in enumerate(people):
            talk = person.opened["session"]
            turns = session.query(Turn).filter_by(conversation_id=talk).order_by(Turn.seq).all()
            said = session.query(Message).filter_by(conversation_id=talk).order_by(Message.seq).all()
            assert [turn.client_msg_id for turn in turns] == [each for each, _ in crowd.planned[who]]
            assert {turn.state for turn in turns} <= {"answered", "failed"}
            assert [message.seq for message in said] == list(range(1, len(said) + 1))
            answered = [message.turn_id for message in said if message.author == "bot" and message.turn_id]
            assert list(dict.fromkeys(answered)) == [turn.id for turn in turns], "each its answer, in order"
            told = any(REGISTERED in message.text for message in said if message.author == "bot")
            there = left.count(words_of(who))
            assert there <= 1
            assert there == 1 or not told
    database.close()
