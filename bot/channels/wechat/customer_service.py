"""微信客服: WeCom only says that there are messages; they are read by cursor and answered one customer after another."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import structlog

from bot.channels.wechat.answering import Answering
from bot.channels.wechat.api import ApiError, Unreachable, WorkApi
from bot.channels.wechat.messages import Incoming
from bot.turns import now
from hrss import wechat_cursors
from hrss.database import Database

log = structlog.get_logger()

OF_THE_CUSTOMER, OF_THE_SYSTEM = 3, 4  # `origin`
SEND_FAILED = "msg_send_fail"
KINDS = {"text", "image", "voice", "video", "location", "link", "file"}


class CustomerService:
    """Reads what customers of each account (`open_kfid`) wrote; where it stopped outlives the process."""

    def __init__(self, api: WorkApi, answering: Answering, database: Database) -> None:
        self._api, self._answering, self._database = api, answering, database
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: set[asyncio.Task[None]] = set()

    def pull_soon(self, open_kfid: str, token: str) -> None:
        """Read on in a task of its own: the callback itself is answered at once."""
        task = asyncio.create_task(self._pull(open_kfid, token))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _pull(self, open_kfid: str, token: str) -> None:
        async with self._reading[open_kfid]:
            try:
                more = True
                while more:
                    cursor = await asyncio.to_thread(self._cursor, open_kfid)
                    page = await self._api.sync(open_kfid, cursor=cursor, token=token)
                    for each in page.get("msg_list", ()):
                        await self._hear(open_kfid, each)
                    # Only now: what a killed process had not taken in is read again, and known by its msgid.
                    if page.get("next_cursor"):
                        await asyncio.to_thread(self._move, open_kfid, page["next_cursor"])
                    more = bool(page.get("has_more")) and page.get("next_cursor") != cursor
            except (ApiError, Unreachable) as error:
                log.warning("wechat.sync", error=str(error))  # the next callback reads on from here

    async def _hear(self, open_kfid: str, message: dict[str, Any]) -> None:
        event = message.get("event") or {}
        if message.get("origin") == OF_THE_SYSTEM and event.get("event_type") == SEND_FAILED:
            log.error("wechat.not_delivered", fail_type=event.get("fail_type"))
            return
        if message.get("origin") != OF_THE_CUSTOMER or not message.get("external_userid"):
            return
        kind = str(message.get("msgtype"))
        body = message.get(kind) or {}
        fields = {
            "MsgId": str(message.get("msgid", "")),
            "Content": str(body.get("content", "")),
            "bizmsgmenuid": str(body.get("menu_id", "")),
            "MediaId": str(body.get("media_id", "")),
        }
        await self._answering.take(
            Incoming(
                sender=f"{open_kfid}/{message['external_userid']}",
                receiver=open_kfid,
                created=int(message.get("send_time", 0)),
                kind=kind if kind in KINDS else "other",
                event="",
                fields=fields,
            )
        )

    def _cursor(self, open_kfid: str) -> str:
        with self._database.reading() as session:
            return wechat_cursors.current(session, open_kfid)

    def _move(self, open_kfid: str, cursor: str) -> None:
        with self._database.transaction() as session:
            wechat_cursors.move(session, open_kfid, cursor, now=now())
