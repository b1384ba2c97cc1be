"""The APIs of WeChat and WeCom that we call: few, with limits, and errors that say what to do."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import structlog

from bot.channels.wechat.rendering import Part, as_text
from bot.channels.wechat.tokens import Tokens
from hrss.settings import WechatApp

log = structlog.get_logger()

CONNECT_SECONDS, TOTAL_SECONDS = 3, 8
LARGEST_MEDIA = 10 * 1024 * 1024
CHUNK = 64 * 1024

BUSY = -1
BUSY_SECONDS = 1.5
TOKEN_REFUSED = frozenset({40001, 40014, 42001})
NOBODY_THERE = frozenset({40003, 43004})  # no such open id, or it does not follow us
NOT_NOW = frozenset({45015, 45047, 95001})  # outside the window, too many messages
NOT_ALLOWED = 48001  # an account that is not verified may not send
REPLIES_ONLY_SECONDS = 3600
LONGEST_HEAD_BYTES, MOST_TAPS = 1024, 10  # of a menu in 微信客服
NO_MENU = frozenset({40008, 45010})
OURS_TO_MEND = frozenset({40013, 40125, 40164, 45009, NOT_ALLOWED})  # secret, IP list, quota, verification


class ApiError(Exception):
    """WeChat said no, by its code; its words may hold what was asked, and stay out."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


class Unreachable(Exception):
    """No answer: nobody knows whether it was done."""


class MediaTooLarge(Exception):
    """More bytes than a photo may have."""


class Api:
    """Calls with a token: one that is refused is replaced once, a busy server is asked again once."""

    def __init__(self, app: WechatApp) -> None:
        self.app = app
        self._tokens = Tokens(self._fetch_token)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, path: str, body: Any) -> dict[str, Any]:
        token = await self._tokens.current()
        try:
            return await self._post(path, body, token)
        except ApiError as error:
            if error.code == BUSY:
                await asyncio.sleep(BUSY_SECONDS)
                return await self._post(path, body, token)
            if error.code not in TOKEN_REFUSED:
                raise
        return await self._post(path, body, await self._tokens.instead_of(token))

    async def media(self, media_id: str) -> bytes:
        """Return what a person sent. An error comes with status 200 and JSON instead."""
        token = await self._tokens.current()
        try:
            return await self._media(media_id, token)
        except ApiError as error:
            if error.code not in TOKEN_REFUSED:
                raise
        return await self._media(media_id, await self._tokens.instead_of(token))

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        raise NotImplementedError

    async def _post(self, path: str, body: Any, token: str | None) -> dict[str, Any]:
        # Characters as they are: people would see \u60a8 instead of 您.
        data = json.dumps(body, ensure_ascii=False).encode()
        query = {"access_token": token} if token else None
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return await self._read("POST", path, params=query, data=data, headers=headers)

    async def _read(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            async with self._open().request(method, self.app.api + path, **more) as answer:
                found = json.loads(await answer.read())
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            raise Unreachable(type(error).__name__) from None  # its words may hold the token
        return _checked(found)

    async def _media(self, media_id: str, token: str) -> bytes:
        query = {"access_token": token, "media_id": media_id}
        try:
            async with self._open().get(self.app.api + "/cgi-bin/media/get", params=query) as answer:
                content = bytearray()
                async for chunk in answer.content.iter_chunked(CHUNK):
                    content += chunk
                    if len(content) > LARGEST_MEDIA:
                        raise MediaTooLarge
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            raise Unreachable(type(error).__name__) from None
        if content.startswith(b"{"):
            try:
                _checked(json.loads(content))
            except ValueError:
                pass
            else:
                raise ApiError(0)  # JSON of another kind, such as the address of a video
        return bytes(content)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=limits)
        return self._session


class OfficialAccountApi(Api):
    """公众号: customer-service messages, the typing state, the menu."""

    def __init__(self, app: WechatApp) -> None:
        super().__init__(app)
        self._replies_only_until = float("-inf")

    async def send(self, open_id: str, part: Part, *, message_id: str) -> None:
        """
        Send one message; its options as a menu to tap where the account may have one.

        An account that may not send at all asks again only after a while: until then it only replies.
        """
        if time.monotonic() < self._replies_only_until:
            raise ApiError(NOT_ALLOWED)
        try:
            await self._send(open_id, part)
        except ApiError as error:
            if error.code == NOT_ALLOWED:
                self._replies_only_until = time.monotonic() + REPLIES_ONLY_SECONDS
            raise

    async def _send(self, open_id: str, part: Part) -> None:
        if part.get("options"):
            try:
                await self.call("/cgi-bin/message/custom/send", {"touser": open_id, **menu_of(part)})
                return
            except ApiError as error:
                if error.code not in NO_MENU:
                    raise
        text = {"touser": open_id, "msgtype": "text", "text": {"content": as_text(part)}}
        await self.call("/cgi-bin/message/custom/send", text)

    async def typing(self, open_id: str) -> None:
        """Show that an answer is on its way; whether it shows does not matter."""
        try:
            await self.call("/cgi-bin/message/custom/typing", {"touser": open_id, "command": "Typing"})
        except (ApiError, Unreachable) as error:
            log.debug("wechat.typing", error=str(error))

    async def publish_menu(self, menu: dict[str, Any]) -> None:
        await self.call("/cgi-bin/menu/create", menu)

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        # /cgi-bin/token would take the token away from every other process.
        asked = {
            "grant_type": "client_credential",
            "appid": self.app.app_id,
            "secret": self.app.secret,
            "force_refresh": force,
        }
        return _token(await self._post("/cgi-bin/stable_token", asked, None))


class WorkApi(Api):
    """企业微信: messages of 微信客服, read by cursor and sent under ids of our own."""

    async def send(self, open_id: str, part: Part, *, message_id: str) -> None:
        """
        Send one message to a customer (`open_kfid/external_userid`) or a member (`agentid/userid`).

        To a customer the same id sends nothing twice.
        """
        open_kfid, _, customer = open_id.partition("/")
        if open_kfid.isdecimal():
            text = {"touser": customer, "msgtype": "text", "agentid": int(open_kfid)}
            await self.call("/cgi-bin/message/send", {**text, "text": {"content": as_text(part)}})
            return
        about = {"touser": customer, "open_kfid": open_kfid, "msgid": message_id}
        fits = len(part["text"].encode()) <= LONGEST_HEAD_BYTES and len(part.get("options", ())) <= MOST_TAPS
        if part.get("options") and fits:
            menu = menu_of(part)["msgmenu"]
            menu["list"] = [{"type": "click", "click": each} for each in menu["list"]]
            await self.call("/cgi-bin/kf/send_msg", {**about, "msgtype": "msgmenu", "msgmenu": menu})
            return
        in_words = {"msgtype": "text", "text": {"content": as_text(part)}}
        await self.call("/cgi-bin/kf/send_msg", {**about, **in_words})

    async def typing(self, open_id: str) -> None:
        """微信客服 has no such state."""

    async def sync(self, open_kfid: str, *, cursor: str, token: str) -> dict[str, Any]:
        asked = {"open_kfid": open_kfid, "limit": 1000, "token": token}
        return await self.call("/cgi-bin/kf/sync_msg", {**asked, "cursor": cursor} if cursor else asked)

    async def _fetch_token(self, force: bool) -> tuple[str, int]:
        query = {"corpid": self.app.app_id, "corpsecret": self.app.secret}
        return _token(await self._read("GET", "/cgi-bin/gettoken", params=query))


def menu_of(part: Part) -> dict[str, Any]:
    """Return a message as a menu: a tap sends the label, with the option's id beside it."""
    listed = [
        {"id": option["id"], "content": f"{option['number']}. {option['label']}"}
        for option in part["options"]
    ]
    return {
        "msgtype": "msgmenu",
        "msgmenu": {"head_content": part["text"], "list": listed, "tail_content": part.get("tail", "")},
    }


def _checked(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Unreachable("no object")
    code = answer.get("errcode", 0)
    if code:
        if code in OURS_TO_MEND:
            log.error("wechat.refused", errcode=code)
        raise ApiError(int(code))
    return answer


def _token(answer: dict[str, Any]) -> tuple[str, int]:
    return str(answer["access_token"]), int(answer["expires_in"])
