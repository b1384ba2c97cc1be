"""
The day at the console (`test_story.py`) once more, after 200 conversations over the web channel and WeChat.

The queue of what is to be reviewed is long then, and what staff look for stands among much else.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import demo_log
from tests.conftest import RunningHall
from tests.console.conftest import console_of
from tests.console.test_story import (  # noqa: F401  # collected here anew, with the hall below
    test_a_reviewer_works_through_the_queue_and_the_auditor_sees_who_looked,
    test_an_officer_decides_a_photo_appeal_and_the_citizen_reads_the_outcome_in_the_chat,
    test_an_officer_takes_a_live_conversation_over_and_hands_it_back,
)
from tests.wechat.api import FakeApi
from tests.wechat.side import Citizen
from tests.wechat.standing import account_of, standing
from tests.wechat.watching import rows

pytestmark = pytest.mark.soak

CONVERSATIONS = 200


@pytest.fixture(scope="module")
def hall(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    """A running bot with the demo hall in which 200 people have talked, every third of them in WeChat."""
    api, chance = FakeApi(), random.Random(CONVERSATIONS)
    with standing(tmp_path_factory.mktemp("busy hall"), api) as started:
        account = account_of(started, api)
        for number, (province, said) in enumerate(demo_log.talks(CONVERSATIONS, chance)):
            if number % 3:
                demo_log.hold(started.web, province, said, chance)
            else:
                citizen = Citizen(account)
                for text in said:
                    citizen.ask(text)
        yield started
    api.close()


@pytest.fixture(scope="module")
def office(hall: RunningHall) -> Iterator[str]:
    with console_of(hall) as address:
        yield address


def test_200_conversations_over_both_channels_are_in_the_log(hall: RunningHall) -> None:
    counted = dict(rows(hall, "SELECT channel, count(*) FROM conversations GROUP BY channel"))

    assert counted["web"] >= 133
    assert counted["wechat"] == 67
