"""A callback of WeChat or WeCom: who may call, what it holds, and how the answer goes back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sanic.request import Request

from bot.channels.wechat.envelope import BrokenEnvelope, Envelope
from bot.channels.wechat.messages import BrokenMessage, Incoming, read_fields, sealed_reply, text_reply
from hrss.settings import WechatApp

LARGEST_BODY = 64 * 1024


@dataclass(eq=False)
class Denied(Exception):
    """Not WeChat, or not meant for us: it hears a status and nothing else."""

    status: int


@dataclass(frozen=True)
class Call:
    """An authenticated callback: its content in clear, and what a reply to it must carry."""

    content: bytes
    nonce: str
    sealed: bool


class Callback:
    """Checks calls against one account of ours. What is not proven to come from WeChat is not even read."""

    def __init__(self, app: WechatApp, clock_seconds: int) -> None:
        self._app = app
        self._envelope = Envelope(app.token, app.aes_key, app.app_id)
        self._clock_seconds = clock_seconds

    def verify(self, request: Request) -> bytes:
        """Return what a GET asks back for: 公众号 sends it in clear."""
        echo = _one(request, "echostr")
        proven = _one(request, "signature"), _one(request, "timestamp"), _one(request, "nonce")
        if not self._envelope.is_plainly_signed(*proven):
            raise Denied(403)
        return echo.encode()

    def verify_sealed(self, request: Request) -> bytes:
        """The same for 企业微信, which seals it."""
        echo = _one(request, "echostr")
        if not self._envelope.is_sealed(*_seal_of(request), echo):
            raise Denied(403)
        return self._opened(echo)

    def read(self, request: Request) -> Call:
        if len(request.body) > LARGEST_BODY:
            raise Denied(413)
        if self._app.plain:
            signature, timestamp, nonce = (
                _one(request, "signature"),
                _one(request, "timestamp"),
                _one(request, "nonce"),
            )
            if not self._envelope.is_plainly_signed(signature, timestamp, nonce):
                raise Denied(403)
            self._check_clock(timestamp)
            return Call(request.body, nonce, sealed=False)
        signature, timestamp, nonce = _seal_of(request)
        try:
            # In 兼容模式 the fields stand beside it in clear: only what is sealed counts.
            encrypted = read_fields(request.body).get("Encrypt", "")
        except BrokenMessage:
            raise Denied(403) from None
        if not self._envelope.is_sealed(signature, timestamp, nonce, encrypted):
            raise Denied(403)
        self._check_clock(timestamp)
        return Call(self._opened(encrypted), nonce, sealed=True)

    def reply(self, call: Call, message: Incoming, text: str) -> bytes:
        now = int(time.time())
        reply = text_reply(message, text, now=now)
        if not call.sealed:
            return reply
        encrypted = self._envelope.seal(reply)
        signed = self._envelope.signed(str(now), call.nonce, encrypted)
        return sealed_reply(encrypted, signed, str(now), call.nonce)

    def _opened(self, encrypted: str) -> bytes:
        try:
            return self._envelope.open(encrypted)
        except BrokenEnvelope:
            raise Denied(403) from None

    def _check_clock(self, timestamp: str) -> None:
        digits = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
        if not digits or abs(time.time() - int(timestamp)) > self._clock_seconds:
            raise Denied(403)


def _seal_of(request: Request) -> tuple[str, str, str]:
    return _one(request, "msg_signature"), _one(request, "timestamp"), _one(request, "nonce")


def _one(request: Request, name: str) -> str:
    """Return a parameter that must be there once, and not empty."""
    values = request.args.getlist(name) or []
    if len(values) != 1 or not values[0]:
        raise Denied(403)
    return str(values[0])
