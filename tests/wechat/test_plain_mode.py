"""明文模式, for development: off unless it is asked for, and even then nothing unsigned or stale is read."""

from __future__ import annotations

import re
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import xmltodict

from bot.channels.wechat.envelope import signature
from tests.conftest import RunningHall, surroundings
from tests.wechat.api import FakeApi
from tests.wechat.keys import new_keys
from tests.wechat.side import Account, Answered, Citizen

QUESTION, ANSWER = "登录网址是什么呀", "ggfw.hrss.gd.gov.cn"


@pytest.fixture(scope="module")
def plain(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, api = tmp_path_factory.mktemp("plain"), FakeApi()
    token, aes_key = new_keys()
    hall = RunningHall(
        folder,
        surroundings(
            folder,
            WECHAT_APP_ID=api.app_id,
            WECHAT_APP_SECRET=api.secret,
            WECHAT_TOKEN=token,
            WECHAT_AES_KEY=aes_key,
            WECHAT_MODE="plain",
            WECHAT_API=api.url,
            WECHAT_PROVINCE="gd",
        ),
    )
    hall.start("bot")
    try:
        hall.wait_for("bot")
        yield Account(f"{hall.origin}/webhooks/wechat/callback", token, aes_key, api.app_id, api)
    finally:
        hall.stop("bot", signal.SIGKILL)
        api.close()


def brought(account: Account, xml: str, *, at: int | None = None, signed: bool = True) -> Answered:
    told = {"timestamp": str(at or int(time.time())), "nonce": secrets.token_hex(5)}
    proof = signature(account.token, told["timestamp"], told["nonce"]) if signed else "0" * 40
    return account.call("POST", urlencode({**told, "signature": proof}), xml.encode())


def test_a_signed_message_in_clear_is_answered_in_clear(plain: Account) -> None:
    citizen = Citizen(plain)
    answered = brought(plain, citizen.xml("text", Content=QUESTION, MsgId="1"))
    reply = xmltodict.parse(answered.body)["xml"]

    assert answered.status == 200 and "xml" in answered.content_type
    assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"]) == (
        citizen.open_id,
        plain.name,
        "text",
    )
    assert ANSWER in reply["Content"] and re.fullmatch(r"\d+", reply["CreateTime"])


def test_what_is_unsigned_or_stale_hears_nothing(plain: Account) -> None:
    xml = Citizen(plain).xml("text", Content=QUESTION, MsgId="2")
    refused = [
        brought(plain, xml, signed=False),
        brought(plain, xml, at=int(time.time()) - 310),
        brought(plain, xml, at=int(time.time()) + 310),
        plain.call("POST", "", xml.encode()),
    ]

    assert [(answered.status, answered.body) for answered in refused] == [(403, b"")] * 4
