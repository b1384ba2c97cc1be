"""
WeChat's side of the callback: signs and seals with wechatpy, waits five seconds, delivers again, shows what is seen.

An account's people are `Citizen`s; everything the product does wrong, they see as WeChat would show it.
"""

from __future__ import annotations

import http.client
import itertools
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import to_text

from tests.wechat.api import FakeApi

PATIENCE_SECONDS = 5.0
OUT_OF_SERVICE = "该公众号提供的服务出现故障，请稍后再试"
_message_ids = itertools.count(24_000_000_000_000_000)


@dataclass
class Answered:
    """What one delivery brought: a status, a body, how long it took; None when the line was cut."""

    status: int | None
    body: bytes
    seconds: float
    content_type: str = ""


@dataclass
class Account:
    """The official account at WeChat: where it calls back, and with which keys."""

    callback: str
    token: str
    aes_key: str
    app_id: str
    api: FakeApi | None = None
    name: str = "gh_0123456789ab"
    attempts: int = 3
    answers: list[Answered] = field(default_factory=list)

    @property
    def crypto(self) -> WeChatCrypto:
        return WeChatCrypto(self.token, self.aes_key, self.app_id)

    def sealed(self, xml: str, *, at: int | None = None, nonce: str | None = None) -> tuple[str, bytes]:
        """Return the query and the body by which WeChat brings this message."""
        nonce, timestamp = nonce or secrets.token_hex(5), str(at or int(time.time()))
        envelope = xmltodict.parse(self.crypto.encrypt_message(xml, nonce, timestamp))["xml"]
        query = {
            "signature": "0" * 40,  # of no meaning in safe mode
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": "unsigned",
            "encrypt_type": "aes",
            "msg_signature": envelope["MsgSignature"],
        }
        body = f"<xml><ToUserName><![CDATA[{self.name}]]></ToUserName><Encrypt><![CDATA[{envelope['Encrypt']}]]></Encrypt></xml>"
        return urlencode(query), body.encode()

    def call(
        self, method: str, query: str, body: bytes = b"", *, patience: float = PATIENCE_SECONDS
    ) -> Answered:
        """Make one request as it stands, and hang up after `patience`."""
        address = urlsplit(self.callback)
        started = time.monotonic()
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=patience)
        try:
            connection.request(method, f"{address.path}?{query}", body, {"Content-Type": "text/xml"})
            answer = connection.getresponse()
            content = answer.read()
            status, kind = answer.status, answer.headers.get("Content-Type", "")
        except OSError:
            return Answered(None, b"", time.monotonic() - started)
        finally:
            connection.close()
        return Answered(status, content, time.monotonic() - started, kind)

    def deliver(self, xml: str, *, patience: tuple[float, ...] = (), attempts: int | None = None) -> Answered:
        """Deliver until it is answered, as often as WeChat does; `patience` cuts single attempts shorter."""
        for attempt in range(attempts or self.attempts):
            query, body = self.sealed(xml)  # a new timestamp and nonce each time
            held = patience[attempt] if attempt < len(patience) else PATIENCE_SECONDS
            answered = self.call("POST", query, body, patience=held)
            self.answers.append(answered)
            if answered.status is not None:
                return answered
            time.sleep(max(held - answered.seconds, 0.1))  # a refused connection is no reason to hurry
        return answered

    def fetch(self, link: str) -> Answered:
        """Open a link that somebody was sent."""
        started = time.monotonic()
        try:
            with urllib.request.urlopen(link, timeout=30) as answer:
                status, content, headers = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as refused:
            status, content, headers = refused.code, refused.read(), refused.headers
        return Answered(status, content, time.monotonic() - started, headers.get("Content-Type", ""))

    def opened(self, body: bytes) -> dict[str, str]:
        """Open a passive reply as WeChat does; whatever is wrong with it raises."""
        envelope = xmltodict.parse(to_text(body))["xml"]
        clear = self.crypto.decrypt_message(
            body, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"]
        )
        return dict(xmltodict.parse(to_text(clear))["xml"])


@dataclass
class Citizen:
    """Someone who follows the account. `screen` is what they see, in order."""

    account: Account
    open_id: str = field(default_factory=lambda: "o" + secrets.token_urlsafe(20))
    screen: list[str] = field(default_factory=list)
    _pushed: int = 0

    # What they do

    def say(self, text: str, **how: Any) -> str | None:
        return self.send("text", Content=text, **how)

    def ask(self, text: str, **how: Any) -> str:
        """Say something; return its answer, whichever way it comes: on a busy machine it may be sent a little later."""
        if self.account.api:
            self._pushed = len(self.account.api.sent_to(self.open_id))  # that was about something else
        return self.say(text, **how) or self.pushed()[0]

    def tap(self, key: str) -> str | None:
        return self.event("CLICK", EventKey=key)

    def choose(self, option_id: str, label: str) -> str | None:
        """Tap an entry of a menu that was sent (msgmenu)."""
        return self.send("text", counts=False, Content=label, bizmsgmenuid=option_id)

    def send(
        self,
        kind: str,
        *,
        message_id: int | None = None,
        counts: bool = True,
        patience: tuple[float, ...] = (),
        attempts: int | None = None,
        **fields: str,
    ) -> str | None:
        """Send a message; return what is seen as the answer to it, None where nothing is."""
        if self.account.api:
            (self.account.api.spoke if counts else self.account.api.tapped)(self.open_id)
        xml = self.xml(kind, MsgId=str(message_id or next(_message_ids)), **fields)
        return self._shown(self.account.deliver(xml, patience=patience, attempts=attempts))

    def event(self, name: str, **fields: str) -> str | None:
        if self.account.api:
            if name == "unsubscribe":
                self.account.api.left(self.open_id)
            elif name in ("CLICK", "subscribe", "SCAN"):
                self.account.api.tapped(self.open_id)
        return self._shown(self.account.deliver(self.xml("event", Event=name, **fields)))

    def xml(self, kind: str, *, at: int | None = None, **fields: str) -> str:
        told = {
            "ToUserName": self.account.name,
            "FromUserName": self.open_id,
            "CreateTime": str(at or int(time.time())),
            "MsgType": kind,
            **fields,
        }
        return f"<xml>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in told.items())}</xml>"

    # What they see

    def pushed(self, count: int = 1, seconds: float = 60) -> list[str]:
        """Wait for messages sent of the account's own accord."""
        assert self.account.api is not None
        sent = self.account.api.wait_for_sent(self.open_id, self._pushed + count, seconds)[self._pushed :]
        self._pushed += len(sent)
        told = [as_seen(message) for message in sent]
        self.screen += told
        return told

    def _shown(self, answered: Answered) -> str | None:
        if answered.status is None or answered.body in (b"", b"success"):
            return None
        try:
            assert answered.status == 200 and "xml" in answered.content_type, answered
            reply = self.account.opened(answered.body)
            assert (reply["ToUserName"], reply["FromUserName"]) == (self.open_id, self.account.name)
            assert reply["MsgType"] == "text" and reply["CreateTime"].isdecimal()
            assert 0 < len(reply["Content"].encode()) <= 2048
        except Exception as wrong:
            self.screen.append(OUT_OF_SERVICE)
            raise AssertionError(f"{OUT_OF_SERVICE}: {answered}") from wrong
        self.screen.append(reply["Content"])
        return reply["Content"]


def as_seen(message: dict[str, Any]) -> str:
    """Return what is shown of a message that was sent."""
    if message["msgtype"] == "text":
        return str(message["text"]["content"])
    menu = message["msgmenu"]
    entries = [each.get("content") or each["click"]["content"] for each in menu["list"]]
    return "\n".join([menu["head_content"], *entries, menu["tail_content"]])


def in_parallel(calls: list[Any]) -> None:
    """Make all of these at once, and fail with what any of them failed with."""
    failed: list[BaseException] = []

    def run(call: Any) -> None:
        try:
            call()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
