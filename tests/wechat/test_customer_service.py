"""企业微信 and 微信客服 against the running bot: read by cursor, once, in order, and sent under our own ids."""

from __future__ import annotations

import secrets
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.utils import to_text

from bot.channels.wechat.envelope import signature
from tests.conftest import RunningHall
from tests.wechat.api import FakeApi
from tests.wechat.conftest import CORP_ID
from tests.wechat.side import Account, Citizen
from tests.wechat.watching import Paused

QUESTION, ANSWER = "登录网址是什么呀", "ggfw.hrss.gd.gov.cn"
KFID = "wkAAAAAAAAAAAAAA"


@pytest.fixture
def corp(running: RunningHall, api: FakeApi) -> Account:
    return Account(
        callback=f"{running.origin}/webhooks/wechat/work",
        token=running.environment["WECHAT_WORK_TOKEN"],
        aes_key=running.environment["WECHAT_WORK_AES_KEY"],
        app_id=CORP_ID,
        name=CORP_ID,
    )


class Customer:
    """Someone who writes to customer service; the corporation is only told that there is something."""

    def __init__(self, corp: Account, api: FakeApi) -> None:
        self.corp, self.api = corp, api
        self.id = "wm" + secrets.token_hex(8)

    def write(self, content: str, *, msgid: str | None = None, origin: int = 3, **more: Any) -> None:
        message = {
            "msgid": msgid or secrets.token_hex(8),
            "open_kfid": KFID,
            "external_userid": self.id,
            "send_time": int(time.time()),
            "origin": origin,
            "msgtype": "text",
            "text": {"content": content, **more},
        }
        self.api.inbox[KFID].append(message)

    def notify(self) -> float:
        """Tell the corporation; return how long its answer took."""
        xml = (
            f"<xml><ToUserName>{CORP_ID}</ToUserName><CreateTime>{int(time.time())}</CreateTime>"
            f"<MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>{secrets.token_hex(8)}</Token>"
            f"<OpenKfId>{KFID}</OpenKfId></xml>"
        )
        answered = self.corp.deliver(xml)
        assert (answered.status, answered.body) == (200, b"success")
        return answered.seconds

    def heard(self, count: int = 1) -> list[dict[str, Any]]:
        return self.api.wait_for_sent(self.id, count)


@pytest.fixture
def customer(corp: Account, api: FakeApi) -> Callable[[], Customer]:
    return lambda: Customer(corp, api)


def test_k1_a_sealed_echo_comes_back_in_clear(corp: Account) -> None:
    cipher = PrpCrypto(WeChatCrypto(corp.token, corp.aes_key, CORP_ID).key)
    echo = to_text(cipher.encrypt("4375120948345356249", CORP_ID))
    signed = signature(corp.token, "1714036504", "1514711492", echo)
    told = {"msg_signature": signed, "timestamp": "1714036504", "nonce": "1514711492", "echostr": echo}
    answered = corp.call("GET", urlencode(told))

    assert (answered.status, answered.body) == (200, b"4375120948345356249")
    assert corp.call("GET", urlencode({**told, "msg_signature": "0" * 40})).status == 403


def test_k2_k3_every_message_is_answered_once_page_by_page_and_across_a_restart(
    running: RunningHall, api: FakeApi, customer: Callable[[], Customer]
) -> None:
    people = [customer() for _ in range(3)]
    for person in people:
        person.write(QUESTION, msgid=f"m-{person.id}")
    people[0].write("这句是客服说的", origin=5)
    people[0].notify()
    for person in people:
        [sent] = person.heard()
        assert ANSWER in str(sent)
        assert sent["open_kfid"] == KFID and len(sent["msgid"]) <= 32

    running.stop("bot", signal.SIGTERM)
    running.start("bot")
    running.wait()
    people[0].write(QUESTION, msgid=f"m-{people[0].id}")  # the same message again
    people[1].write("单位账号密码忘了")
    people[1].notify()
    people[1].heard(2)
    time.sleep(1)

    assert [len(api.sent_to(person.id)) for person in people] == [1, 2, 1]
    cursors = [call.body.get("cursor", "") for call in api.of("/cgi-bin/kf/sync_msg")]
    assert cursors[0] == "" and cursors.count("") == 1  # never from the beginning again
    with closing(sqlite3.connect(running.folder / "hrss.db")) as database:
        [(cursor,)] = database.execute("SELECT cursor FROM wechat_cursors").fetchall()
    assert cursor == str(len(api.inbox[KFID]))


def test_k3_a_tap_on_a_menu_selects_what_a_number_does(
    api: FakeApi, customer: Callable[[], Customer]
) -> None:
    person = customer()
    person.write("单位账号密码忘了")
    person.notify()
    menu = person.heard()[0]["msgmenu"]["list"]
    tapped = next(each["click"] for each in menu if "没做过" in each["click"]["content"])
    person.write(tapped["content"], menu_id=tapped["id"])
    person.notify()

    assert "您想用哪种方式" in str(person.heard(2)[1])


def test_k4_a_message_that_did_not_arrive_is_logged(
    running: RunningHall, api: FakeApi, customer: Callable[[], Customer]
) -> None:
    failed = {"event_type": "msg_send_fail", "open_kfid": KFID, "fail_msgid": "x", "fail_type": 4}
    api.inbox[KFID].append({"msgid": "e1", "origin": 4, "msgtype": "event", "event": failed})
    person = customer()
    person.write(QUESTION)
    person.notify()
    person.heard()

    assert '"fail_type": 4' in running.log("bot")


def test_a_member_of_the_corporation_is_answered_in_the_reply(corp: Account) -> None:
    member = Citizen(corp, open_id="zhangsan")

    assert ANSWER in (member.send("text", Content=QUESTION, AgentID="1000002") or "")


def test_a_member_whose_turn_takes_long_is_written_to_once_by_the_application(
    running: RunningHall, corp: Account, api: FakeApi
) -> None:
    member = Citizen(corp, open_id=f"member-{secrets.token_hex(4)}")
    with Paused(running):
        assert member.send("text", Content="查进度", AgentID="1000002") is None
    [sent] = api.wait_for_sent(member.open_id, 1)
    time.sleep(1)

    assert (sent["agentid"], sent["msgtype"]) == (1000002, "text")
    assert "受理编号" in sent["text"]["content"]
    assert len(api.sent_to(member.open_id)) == 1
