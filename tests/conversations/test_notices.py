"""What one side does is told to the other at once, in the conversation that they have open (B1-B4, R8)."""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from bot.outside import NEWS
from hrss import bindings
from hrss.case_states import CaseState
from tests.conftest import ROOT, RunningHall
from tests.hrss.people import card, file_of
from tests.talk import Message, Person

BING, BING_NAME = "fsbingzhizao", "佛山示例丙制造有限公司"
AT_ONCE = 5.0  # seconds; the watch looks once a second


@pytest.fixture(scope="module")
def org(demo: RunningHall) -> Callable[[str], Person]:
    return lambda login: Person(demo.web, identity_token=demo.identity_token(login, role="organization"))


@pytest.fixture(scope="module")
def person(demo: RunningHall) -> Callable[[str], Person]:
    return lambda login: Person(demo.web, identity_token=demo.identity_token(login))


Signed = Callable[[str], Person]


def text(messages: list[Message]) -> str:
    return "\n".join(message["text"] for message in messages)


def told(who: Person) -> list[Message]:
    """Wait for what comes by long polling, without saying anything."""
    began = time.monotonic()
    said = who.wait()
    assert time.monotonic() - began < AT_ONCE
    return said


def streamed(who: Person) -> list[Message]:
    """The next message that Server-Sent Events bring."""
    address = urlsplit(who.web)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=AT_ONCE)
    cookie = "; ".join(f"{each.name}={each.value}" for each in who.cookies)
    connection.request("GET", f"{address.path}/events?after={who.last_seq}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    try:
        while line := answer.readline().decode():
            if line.startswith("data:") and "seq" in (message := json.loads(line[5:])):
                who.seen.append(message)
                return [message]
    finally:
        connection.close()
    raise AssertionError("the stream ended")


def bind_chen(bing: Person) -> None:
    bing.say("单位账号怎么发起绑定经办人")
    bing.say("陈静，441900199511020007")
    bing.choose("没问题，发起绑定")


def test_each_side_hears_at_once_what_the_other_did(org: Signed, person: Signed) -> None:
    bing, chen = org(BING), person("chenjing95")
    chen.say("个人账号的密码忘了")  # in the middle of something else
    options = chen.labels()
    bind_chen(bing)
    [asked] = streamed(chen)
    assert asked["kind"] == "system" and "options" not in asked
    assert f"“{BING_NAME}”申请把您绑定为经办人员" in asked["text"]
    assert chen.labels() == options
    assert chen.choose(options[0])  # what was offered before it is still on offer

    assert chen.say("处理绑定申请") and BING_NAME in chen.labels()
    chen.choose(BING_NAME)  # 惠州示例壬服饰有限公司 asks too
    assert "绑定完成" in text(chen.choose("同意"))
    [accepted] = told(bing)
    assert "陈*通过了绑定" in accepted["text"]

    bing.say("怎样把业务的经办权限授权给经办人")
    bing.say("给陈静授权稳岗返还")
    bing.choose("确定")
    assert "把“稳岗返还”授权给您" in text(streamed(chen))
    bing.say("怎么给经办人解绑")
    bing.choose("陈静")
    bing.choose("确定解绑")
    assert "取消了和您的绑定" in text(streamed(chen))
    assert len([each for each in chen.seen if each["kind"] == "system" and "申请" in each["text"]]) == 1


def test_a_decided_case_is_told_in_its_conversation(person: Signed, demo: RunningHall) -> None:
    he = person("hewei83")
    he.say("单位授权码怎么在网上申请")
    he.choose(BING_NAME)
    he.choose("就是这些")
    he.choose("同意并上传")
    he.upload(file_of(card(), "JPEG"))
    number = text(he.choose("没问题，提交")).split("受理编号 ")[1][:9]

    approve = [sys.executable, "-m", "hrss", "cases", "approve", number, "--by", "demo_reviewer"]
    subprocess.run(approve, cwd=ROOT, env=demo.environment, check=True, capture_output=True)

    [notice] = told(he)
    assert f"受理编号 {number}" in notice["text"] and "已通过" in notice["text"]
    assert "授权码已用短信发给您" in text(he.say("查进度"))


def test_whose_proof_has_ended_or_who_is_a_stranger_hears_nothing(
    org: Signed, person: Signed, demo: RunningHall
) -> None:
    bing, chen, stranger = org(BING), person("chenjing95"), Person(demo.web)
    with sqlite3.connect(demo.folder / "hrss.db", timeout=10) as database:
        database.execute(
            "UPDATE proofs SET used_at = '2026-01-01 00:00:00.000000' WHERE conversation_id = ?",
            (chen.opened["session"],),
        )
    bind_chen(bing)
    time.sleep(3)

    for who in (chen, stranger):
        assert who.call("GET", f"poll?after={who.last_seq}&wait=0")["messages"] == []
    assert any(BING_NAME in each["text"] for each in person("chenjing95").seen)  # the next visit tells it


def test_whatever_is_told_has_its_sentence() -> None:
    decided = {
        f"case.{state.value}" for state in (CaseState.APPROVED, CaseState.REJECTED, CaseState.RETURNED)
    }

    assert NEWS.keys() == bindings.TOLD_TO_THE_PERSON | bindings.TOLD_TO_THE_ORGANIZATION | decided
