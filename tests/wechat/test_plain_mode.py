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
from tests.wechat.side import Account, Answered, Citizen, in_parallel
from tests.wechat.standing import account_of, account_settings

QUESTION, ANSWER = "登录网址是什么呀", "ggfw.hrss.gd.gov.cn"


@pytest.fixture(scope="module")
def plain(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, api = tmp_path_factory.mktemp("plain"), FakeApi()
    alone = surroundings(folder, **account_settings(api), WECHAT_MODE="plain", REDIS_URL="")
    hall = RunningHall(folder, alone)
    hall.start("bot")
    try:
        hall.wait_for("bot")
        yield account_of(hall, api)
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


def test_o1_one_process_without_redis_knows_a_message_again(plain: Account) -> None:
    xml = Citizen(plain).xml("text", Content=QUESTION, MsgId="24000000000000777")
    answered: list[Answered] = []
    in_parallel([lambda: answered.append(brought(plain, xml)) for _ in range(3)])
    answered.append(brought(plain, xml))

    replies = {xmltodict.parse(each.body)["xml"]["Content"] for each in answered if each.body != b"success"}
    assert {each.status for each in answered} == {200} and len(replies) <= 1
    late = plain.api.calls if plain.api and not replies else []
    assert replies or late, "it was the reply, or was sent"
