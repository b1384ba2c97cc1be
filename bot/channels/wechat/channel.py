"""The channel `wechat`: the callbacks of an official account (公众号) and of WeCom (企业微信, 微信客服)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import structlog
from rasa.core.channels.channel import InputChannel
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot import hall
from bot.channels.wechat.answering import Answering
from bot.channels.wechat.api import OfficialAccountApi, WorkApi
from bot.channels.wechat.callback import Call, Callback, Denied
from bot.channels.wechat.customer_service import CustomerService
from bot.channels.wechat.hearing import HEARD_EVENTS
from bot.channels.wechat.messages import BrokenMessage, Incoming, read_message
from bot.channels.wechat.slips import Slips
from bot.sentences import refusal
from bot.shared_bell import bell
from bot.turns import PATIENCE_SECONDS, OnNewMessage, Turns, now
from hrss.errors import Refusal, SlipLinkExpired
from hrss.settings import WechatApp
from hrss.tables import Conversation
from hrss.vault import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger()

# WeChat waits five seconds; half of one is for the way and the envelope.
DEADLINE_SECONDS = 4.5
# Of a slip nothing stays in caches, goes to other pages, or comes into what search engines know.
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
Handler = Callable[[Request], Awaitable[HTTPResponse]]


class WechatChannel(InputChannel):
    """Off unless an AppID or a CorpID is set: then it has no routes at all."""

    @classmethod
    def name(cls) -> str:
        return "wechat"

    def blueprint(self, on_new_message: OnNewMessage) -> Blueprint:
        settings = hall.settings()
        wechat = Blueprint("wechat", url_prefix="/wechat")
        if settings.wechat is None and settings.wechat_work is None:
            return wechat
        turns = Turns(
            hall.database(),
            Vault(settings),
            self.name(),
            on_new_message,
            about=_about,
            bell=bell(settings.redis_url, hall.database()),
            alone=not settings.redis_url,
        )
        opened: list[tuple[Answering, OfficialAccountApi | WorkApi]] = []
        passing_on: list[asyncio.Task[None]] = []

        def answering(app: WechatApp, api: OfficialAccountApi | WorkApi) -> Answering:
            made = Answering(app.app_id, api, turns, hall.database(), hall.business(), settings)
            opened.append((made, api))
            return made

        slips = Slips(hall.business(), settings.wechat_address)
        _serve_slips(wechat, slips)
        if settings.wechat is not None:
            official = answering(settings.wechat, OfficialAccountApi(settings.wechat))
            _serve_official(wechat, Callback(settings.wechat, settings.wechat_clock_seconds), official)
        if settings.wechat_work is not None:
            api = WorkApi(settings.wechat_work)
            work = answering(settings.wechat_work, api)
            service = CustomerService(api, work, hall.database())
            _serve_work(wechat, Callback(settings.wechat_work, settings.wechat_clock_seconds), work, service)

        @wechat.listener("after_server_start")
        async def resume(app: Sanic, _loop: object) -> None:
            resumed = await turns.resume(app.ctx.agent)
            left = sum([await each.resume() for each, _ in opened])
            if resumed or left:
                log.info("wechat.resumed", turns=resumed, answers=left)
            passing_on.extend(asyncio.create_task(each.outbox.pass_on()) for each, _ in opened)

        @wechat.listener("before_server_stop")
        async def finish(app: Sanic, _loop: object) -> None:
            for task in passing_on:
                task.cancel()
            await turns.finish()
            for each, api in opened:
                await each.finish(PATIENCE_SECONDS)
                await api.close()

        return wechat


def _serve_official(wechat: Blueprint, callback: Callback, answering: Answering) -> None:
    @wechat.get("/callback")
    @_guarded
    async def verify(request: Request) -> HTTPResponse:
        return response.raw(callback.verify(request), content_type="text/plain; charset=utf-8")

    @wechat.post("/callback")
    @_guarded
    async def receive(request: Request) -> HTTPResponse:
        deadline = time.monotonic() + DEADLINE_SECONDS
        call = callback.read(request)
        message = _message(call)
        if message is None:
            return _received()
        if message.event == "unsubscribe" and message.sender:
            await asyncio.to_thread(answering.leave, message)
            return _received()
        if message.kind == "event" and (message.event not in HEARD_EVENTS or not message.sender):
            return _received()
        return await _answered(callback, call, message, answering, deadline)


def _serve_work(
    wechat: Blueprint, callback: Callback, answering: Answering, service: CustomerService
) -> None:
    @wechat.get("/work")
    @_guarded
    async def verify_work(request: Request) -> HTTPResponse:
        return response.raw(callback.verify_sealed(request), content_type="text/plain; charset=utf-8")

    @wechat.post("/work")
    @_guarded
    async def receive_work(request: Request) -> HTTPResponse:
        deadline = time.monotonic() + DEADLINE_SECONDS
        call = callback.read(request)
        message = _message(call)
        if message is None:
            return _received()
        if message.event == "kf_msg_or_event":
            service.pull_soon(message.fields.get("OpenKfId", ""), message.fields.get("Token", ""))
            return _received()
        if message.kind == "event":
            return _received()
        # an answer that is sent later has to name the application
        sender = f"{message.fields.get('AgentID', '')}/{message.sender}"
        return await _answered(callback, call, replace(message, sender=sender), answering, deadline)


def _serve_slips(wechat: Blueprint, slips: Slips) -> None:
    @wechat.get("/slip/<ticket>/<conversation_id>")
    async def slip(request: Request, ticket: str, conversation_id: str) -> HTTPResponse:
        """Show a 政策确认单 to who was given the link to it."""

        def opened() -> tuple[str, bytes]:
            with hall.database().transaction() as session:  # asking keeps the proof alive
                return slips.open(session, ticket, unquote(conversation_id), now())

        try:
            number, pdf = await asyncio.to_thread(opened)
        except Refusal as refused:
            status = 410 if isinstance(refused, SlipLinkExpired) else 404
            return response.text(refusal(refused), status=status, headers=PRIVATE)
        headers = {**PRIVATE, "Content-Disposition": f'inline; filename="{number}.pdf"'}
        return response.raw(pdf, content_type="application/pdf", headers=headers)


async def _answered(
    callback: Callback, call: Call, message: Incoming, answering: Answering, deadline: float
) -> HTTPResponse:
    text = await answering.reply(message, deadline)
    if text is None:
        return _received()
    return response.raw(callback.reply(call, message, text), content_type="application/xml; charset=utf-8")


def _about(_session: Session, conversation: Conversation) -> dict[str, Any]:
    return {"province": conversation.province, "large": conversation.large}


def _message(call: Call) -> Incoming | None:
    try:
        message = read_message(call.content)
    except BrokenMessage as error:
        # It is from WeChat: refused, it would only come again.
        log.warning("wechat.unreadable", error=str(error))
        return None
    log.info("wechat.received", kind=message.kind, happened=message.event)
    return message


def _received() -> HTTPResponse:
    """Tell WeChat not to deliver it again, and the person nothing."""
    return response.text("success")


def _guarded(handler: Handler) -> Handler:
    """Strangers hear a status and no more; what fails is logged, and WeChat hears `success`."""

    @wraps(handler)
    async def answered(request: Request, *args: Any) -> HTTPResponse:
        try:
            return await handler(request)
        except Denied as denied:
            return response.raw(b"", status=denied.status, content_type="text/plain; charset=utf-8")
        except Exception:
            log.exception("wechat.failed")
            return _received()

    return answered
