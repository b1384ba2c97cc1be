"""The running bot with its WeChat channel on, WeChat's side of it, and people who follow the account."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.between import Between
from tests.conftest import RunningHall, demo_of, surroundings
from tests.wechat.api import FakeApi
from tests.wechat.keys import new_keys
from tests.wechat.side import Account, Citizen
from tests.wechat.standing import account_of, account_settings

REDIS = "redis://127.0.0.1:6379/9"
CORP_ID, CORP_SECRET = "ww0123456789abcdef", "corp-secret"


def redis_answers() -> bool:
    """Whether several bots can lock their conversations (REQUIRE_SERVICES=1: they must)."""
    try:
        return bool(redis.Redis.from_url(REDIS, socket_connect_timeout=2).ping())
    except redis.RedisError:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("Redis does not answer", pytrace=False)
        return False


@pytest.fixture(scope="session")
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def between() -> Iterator[Between]:
    """What stands between the bot and its action server."""
    proxy = Between()
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def running(
    model: Path, tmp_path_factory: pytest.TempPathFactory, api: FakeApi, between: Between
) -> Iterator[RunningHall]:
    """The bot and its actions with a demo hall of their own."""
    folder = tmp_path_factory.mktemp("wechat")
    work_token, work_aes_key = new_keys()
    hall = RunningHall(
        folder,
        surroundings(
            folder,
            **account_settings(api),
            WECHAT_WORK_CORP_ID=CORP_ID,
            WECHAT_WORK_SECRET=CORP_SECRET,
            WECHAT_WORK_TOKEN=work_token,
            WECHAT_WORK_AES_KEY=work_aes_key,
            WECHAT_WORK_API=api.url,
            REDIS_URL=REDIS if redis_answers() else "",
        ),
    )
    hall.environment["WECHAT_ADDRESS"] = hall.origin
    between.stand_in(hall.environment)
    demo_of(hall)
    hall.start("bot")
    hall.start("actions")
    try:
        hall.wait()
        yield hall
    finally:
        hall.kill_what_runs()


@pytest.fixture(scope="session")
def account(running: RunningHall, api: FakeApi) -> Account:
    return account_of(running, api)


@pytest.fixture
def follower(account: Account) -> Callable[[], Citizen]:
    return lambda: Citizen(account)


@pytest.fixture
def citizen(follower: Callable[[], Citizen]) -> Citizen:
    return follower()
