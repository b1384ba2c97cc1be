"""
The ways an answer goes back: as the reply to a delivery, or as a message of our own accord.

Every step is a transaction of its own, so that several processes, and those that are killed, agree on what was said.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from weakref import WeakValueDictionary

import structlog

from bot.channels.wechat.api import NOBODY_THERE, NOT_NOW, ApiError, Unreachable
from bot.channels.wechat.rendering import Part, as_text, compose
from bot.turns import now
from hrss import wechat_accounts, wechat_deliveries
from hrss.database import Database
from hrss.hall import Hall
from hrss.wechat_deliveries import Due, Unfinished, Way

log = structlog.get_logger()

OUTSIDE_SECONDS = 2  # between two looks at what staff have written, or others have done


class Sender(Protocol):
    """The API by which messages go out and photos come in."""

    async def send(self, open_id: str, part: Part, *, message_id: str) -> None: ...

    async def typing(self, open_id: str) -> None: ...

    async def media(self, media_id: str) -> bytes: ...


class Outbox:
    """The answers of one account of ours (`app`), by the delivery they belong to: its account and key."""

    def __init__(self, app: str, api: Sender, database: Database, hall: Hall) -> None:
        self._app, self._api, self._database, self._hall = app, api, database, hall
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def parts(self, account_id: str, key: str) -> list[Part] | None:
        with self._database.reading() as session:
            return wechat_deliveries.parts(session, account_id, key)

    def put(self, account_id: str, key: str, said: Sequence[dict[str, Any]]) -> None:
        """Set the answer, with what earlier ones still owe before it."""
        with self._database.transaction() as session:
            large = wechat_accounts.is_large(session, account_id)
            wechat_deliveries.answer(session, account_id, key, lambda owed: compose(owed, said, large=large))

    def claim_reply(self, account_id: str, key: str) -> str | None:
        """Return the text to reply with; None when the answer goes the other way."""
        if self._claim(account_id, key, Way.PASSIVE) is Way.PUSH:
            return None
        parts = self.parts(account_id, key)
        return as_text(parts[0]) if parts else None

    def claim_push(self, account_id: str, key: str) -> Way:
        return self._claim(account_id, key, Way.PUSH)

    def give_up_reply(self, account_id: str, key: str) -> None:
        with self._database.transaction() as session:
            wechat_deliveries.give_up_claim(session, account_id, key)

    def unfinished(self, before: datetime) -> list[Unfinished]:
        with self._database.reading() as session:
            return wechat_deliveries.unfinished(session, app=self._app, before=before)

    async def send(self, account_id: str, key: str) -> None:
        """Send what is due, one after another for each account; what does not go out waits for the next reply."""
        async with self._orders.setdefault(account_id, asyncio.Lock()):
            while due := await asyncio.to_thread(self._next_due, account_id, key):
                own_id = hashlib.sha256(f"{account_id} {key} {due.number}".encode()).hexdigest()[:32]
                try:
                    await self._api.send(due.open_id, due.part, message_id=own_id)
                except (ApiError, Unreachable) as error:
                    log.warning("wechat.not_sent", error=str(error))
                    code = error.code if isinstance(error, ApiError) else None
                    await asyncio.to_thread(self._not_sent, account_id, key, code)
                    return

    async def pass_on(self) -> None:
        """Send what staff write to people, and what they are to know without asking, until the server stops."""
        while True:
            try:
                for account_id, key in await asyncio.to_thread(self._from_outside):
                    await self.send(account_id, key)
            except Exception:
                log.exception("wechat.not_passed_on")
            await asyncio.sleep(OUTSIDE_SECONDS)

    def _claim(self, account_id: str, key: str, way: Way) -> Way:
        with self._database.transaction() as session:
            return wechat_deliveries.claim(session, account_id, key, way)

    def _next_due(self, account_id: str, key: str) -> Due | None:
        with self._database.transaction() as session:
            return wechat_deliveries.next_due(session, self._hall, account_id, key, now=now())

    def _not_sent(self, account_id: str, key: str, code: int | None) -> None:
        with self._database.transaction() as session:
            if code in NOBODY_THERE:
                wechat_deliveries.drop(session, account_id, key)
            else:
                wechat_deliveries.put_back(session, account_id, key, used_up=code in NOT_NOW)

    def _from_outside(self) -> list[tuple[str, str]]:
        with self._database.reading() as session:
            if not wechat_deliveries.was_spoken_to(session, app=self._app, now=now()):
                return []
        with self._database.transaction() as session:
            return wechat_deliveries.from_outside(session, app=self._app, now=now())
