"""A bot with an official account of its own, and WeChat's side of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import RunningHall, demo_of, surroundings
from tests.wechat.api import FakeApi
from tests.wechat.keys import new_keys
from tests.wechat.side import Account


def account_settings(api: FakeApi) -> dict[str, str]:
    """Return what the environment says of an official account whose API this is."""
    token, aes_key = new_keys()
    return {
        "WECHAT_APP_ID": api.app_id,
        "WECHAT_APP_SECRET": api.secret,
        "WECHAT_TOKEN": token,
        "WECHAT_AES_KEY": aes_key,
        "WECHAT_API": api.url,
        "WECHAT_PROVINCE": "gd",
    }


def account_of(hall: RunningHall, api: FakeApi) -> Account:
    """Return the account as it stands at WeChat: it calls this hall's bot."""
    callback = f"{hall.origin}/webhooks/wechat/callback"
    told = hall.environment
    return Account(callback, told["WECHAT_TOKEN"], told["WECHAT_AES_KEY"], api.app_id, api)


@contextmanager
def standing(folder: Path, api: FakeApi) -> Iterator[RunningHall]:
    """A bot and its actions with the demo hall and an account, until the block is left."""
    hall = RunningHall(folder, surroundings(folder, **account_settings(api)))
    hall.environment["WECHAT_ADDRESS"] = hall.origin
    demo_of(hall)
    for process in ("bot", "actions"):
        hall.start(process)
    try:
        hall.wait()
        yield hall
    finally:
        hall.kill_what_runs()
