"""
The answer to a message, within five seconds, once.

A turn runs in a task of its own. When it ends in time, its answer is the reply to whichever delivery still waits;
otherwise WeChat hears `success` and the answer is sent of our own accord. The outbox decides between the two, for all
processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from bot import urgent
from bot.channels.wechat.api import ApiError, MediaTooLarge, Unreachable
from bot.channels.wechat.commands import Commands
from bot.channels.wechat.hearing import Heard, hear
from bot.channels.wechat.messages import Incoming
from bot.channels.wechat.outbox import Outbox, Sender
from bot.channels.wechat.slips import Slips
from bot.said import Said, of_photo
from bot.sentences import draft, refusal, sentence
from bot.turns import Turns, now
from bot.wire import wire_message
from hrss import conversations, photos, pictures, wechat_accounts, wechat_deliveries
from hrss.database import AWAY, Database
from hrss.errors import MessageIdReused, PhotoNotFetched, PhotoTooLarge, Refusal
from hrss.hall import Hall
from hrss.lines import Line
from hrss.settings import Settings
from hrss.wechat_accounts import Arrival, Trigger
from hrss.wechat_deliveries import Unfinished, Way

log = structlog.get_logger()

T = TypeVar("T")
GRACE_SECONDS = 6  # after the last delivery: then nobody will ask for the answer any more
# The more wait at once, the earlier each is told: their replies are sealed and sent one after another.
ROOM_SECONDS, MOST_ROOM_SECONDS = 0.02, 1.0
CLAIM_SECONDS = 0.3  # that saying how an answer goes may take beyond the deadline
AFTER_REPLY_SECONDS = 1  # so that the second message comes after the first
POLL_SECONDS = 0.5  # for a turn that runs in another process
LONGEST_TURN_SECONDS = 120
AGAIN_SECONDS = 1.0  # before something is tried again that the database kept from being done


@dataclass
class _Work:
    """The answering of one message in this process, however many deliveries wait for it."""

    task: asyncio.Task[tuple[str, str]]  # ends with the delivery's account and key
    heard_at: float
    stored: asyncio.Event = field(default_factory=asyncio.Event)  # its turn will be answered come what may
    handed_over: bool = False
    replied: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Answering:
    """Takes messages of one account of ours (`app`) and sees each answer through."""

    def __init__(
        self, app: str, api: Sender, turns: Turns, database: Database, hall: Hall, settings: Settings
    ) -> None:
        self.outbox = Outbox(app, api, database, hall)
        self._app, self._api, self._turns = app, api, turns
        self._database, self._hall, self._settings = database, hall, settings
        self._slips = Slips(hall, settings.wechat_address)
        self._commands = Commands(database, self._slips)
        self._began = now()
        self._under_way: dict[str, _Work] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def reply(self, message: Incoming, deadline: float) -> str | None:
        """Return the answer if it is there by the deadline; None when it will be sent instead."""
        work = self._begin(message)
        deadline -= min(len(self._under_way) * ROOM_SECONDS, MOST_ROOM_SECONDS)
        await asyncio.wait({work.task}, timeout=max(deadline - time.monotonic(), 0))
        if not work.task.done():
            self._hand_over(work)
            self._keep(self._api.typing(message.sender))
            return None
        try:
            account_id, key = work.task.result()
        except Exception:
            log.exception("wechat.failed")
            return sentence("utter_out_of_order")
        claim = self._keep(asyncio.to_thread(self.outbox.claim_reply, account_id, key))
        try:
            await asyncio.wait({claim}, timeout=max(deadline - time.monotonic(), 0) + CLAIM_SECONDS)
        except asyncio.CancelledError:
            self._keep(self._take_back(claim, work))
            raise
        if not claim.done():
            self._keep(self._take_back(claim, work))
            return None
        text = claim.result()
        if text is not None:
            work.replied = True
            work.changed.set()
        return text

    async def take(self, message: Incoming) -> None:
        """Answer a message that nobody waits for: the answer is sent. Return when the message cannot be lost."""
        work = self._begin(message)
        self._hand_over(work)
        stored = asyncio.create_task(work.stored.wait())
        await asyncio.wait({work.task, stored}, return_when=asyncio.FIRST_COMPLETED)
        stored.cancel()

    def leave(self, message: Incoming) -> None:
        """The account unsubscribed."""
        with self._database.transaction() as session:
            wechat_accounts.leave(session, self._hall, app=self._app, open_id=message.sender, now=now())

    async def resume(self) -> int:
        """See through what an earlier process left without its answer; return how many there were."""
        unfinished = await asyncio.to_thread(self.outbox.unfinished, self._began)
        for each in unfinished:
            task = self._keep(self._recover(each))
            work = _Work(task, time.monotonic())
            self._keep(self._see_through(f"{each.account_id} {each.key}", work))
        return len(unfinished)

    async def finish(self, seconds: float) -> None:
        """Wait for what is being answered or sent, as a server that stops does."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            busy = {task for task in self._running if not task.done()}
            if not busy:
                return
            await asyncio.wait(busy, timeout=left)

    # The message

    def _begin(self, message: Incoming) -> _Work:
        name = f"{message.sender} {message.key}"
        work = self._under_way.get(name)
        if work is None:
            stored = asyncio.Event()
            work = _Work(self._keep(self._handle(message, stored)), time.monotonic(), stored)
            self._under_way[name] = work
            self._keep(self._see_through(name, work))
        work.heard_at = time.monotonic()
        return work

    async def _handle(self, message: Incoming, stored: asyncio.Event) -> tuple[str, str]:
        """Take in a message and see to its answer; while the database cannot be asked, again, for WeChat will not ask."""
        deadline = time.monotonic() + LONGEST_TURN_SECONDS
        while True:
            try:
                return await self._handle_once(message, stored)
            except AWAY:
                if time.monotonic() > deadline:
                    raise
                log.warning("wechat.taken_again", exc_info=True)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _handle_once(self, message: Incoming, stored: asyncio.Event) -> tuple[str, str]:
        arrival = await asyncio.to_thread(self._arrive, message)
        if arrival.repeated:
            parts = await asyncio.to_thread(self.outbox.parts, arrival.account_id, arrival.key)
            if parts:
                return arrival.account_id, arrival.key
        said = await self._answer(arrival, message, stored)
        await asyncio.to_thread(self.outbox.put, arrival.account_id, arrival.key, said)
        return arrival.account_id, arrival.key

    async def _answer(
        self, arrival: Arrival, message: Incoming, stored: asyncio.Event
    ) -> list[dict[str, Any]]:
        turn_id = await asyncio.to_thread(self._turn_of, arrival.conversation_id, arrival.key)
        if turn_id is None:
            try:
                heard = await asyncio.to_thread(self._hear, arrival, message)
                if heard.media is not None:
                    heard = Heard(await self._photo(arrival, heard.media))
                if heard.said is None:
                    return await asyncio.to_thread(self._at_once, arrival, heard)
                turn_id = await self._take(arrival, heard.said)
            except Refusal as refused:
                return [{"text": refusal(refused)}]
        stored.set()
        return await self._answered(arrival.conversation_id, turn_id)

    async def _take(self, arrival: Arrival, said: Said) -> str:
        try:
            received = await self._turns.take(arrival.conversation_id, arrival.key, said)
        except MessageIdReused:  # two deliveries at once, and what is on offer changed between them
            turn_id = await asyncio.to_thread(self._turn_of, arrival.conversation_id, arrival.key)
            if turn_id is None:
                raise
            return turn_id
        return received.turn_id

    async def _answered(self, conversation_id: str, turn_id: str) -> list[dict[str, Any]]:
        """Wait for the end of a turn, in whichever process it runs."""

        def read() -> list[dict[str, Any]] | None:
            with self._database.reading() as session:
                said = conversations.answer_to(session, turn_id)
                return None if said is None else [self._as_said(message) for message in said]

        deadline = time.monotonic() + LONGEST_TURN_SECONDS
        with self._turns.bell.heard(conversation_id) as ear:
            while (said := await asyncio.to_thread(read)) is None:
                if time.monotonic() > deadline:
                    raise asyncio.TimeoutError  # it is resumed at the next start, and its answer sent then
                await ear.rung(POLL_SECONDS)
        return said

    async def _photo(self, arrival: Arrival, media_id: str) -> Said:
        """Fetch a photo and keep it; what cannot be used is refused, and another can be sent."""
        try:
            data = await self._api.media(media_id)
        except MediaTooLarge:
            raise PhotoTooLarge(megabytes=pictures.MEGABYTES) from None
        except (ApiError, Unreachable) as error:
            log.warning("wechat.media", error=str(error))
            raise PhotoNotFetched() from None

        def keep() -> str:
            with self._database.transaction() as session:
                return photos.keep(session, self._hall, arrival.conversation_id, data=data, now=now())

        return of_photo(await asyncio.to_thread(keep))

    # The answer

    async def _see_through(self, name: str, work: _Work) -> None:
        """When nobody has taken the answer with them, send it; also what did not fit into the reply."""
        try:
            account_id, key = await asyncio.shield(work.task)
            while not (work.replied or work.handed_over):
                left = work.heard_at + GRACE_SECONDS - time.monotonic()
                if left <= 0:
                    break
                work.changed.clear()
                try:
                    await asyncio.wait_for(work.changed.wait(), left)
                except asyncio.TimeoutError:
                    continue
            way = await asyncio.to_thread(self.outbox.claim_push, account_id, key)
            if way is Way.PASSIVE:
                await asyncio.sleep(AFTER_REPLY_SECONDS)
            await self.outbox.send(account_id, key)
        except Exception:
            log.exception("wechat.unanswered")  # it is seen through at the next start
        finally:
            if self._under_way.get(name) is work:
                del self._under_way[name]

    async def _recover(self, left: Unfinished) -> tuple[str, str]:
        if not await asyncio.to_thread(self.outbox.parts, left.account_id, left.key):
            turn_id = await asyncio.to_thread(self._turn_of, left.conversation_id, left.key)
            # What was sent is not stored before its turn is: there is nothing to answer any more.
            lost = [wire_message(draft("utter_wechat_lost"))]
            said = await self._answered(left.conversation_id, turn_id) if turn_id else lost
            await asyncio.to_thread(self.outbox.put, left.account_id, left.key, said)
        return left.account_id, left.key

    async def _take_back(self, claim: asyncio.Task[str | None], work: _Work) -> None:
        """The reply was claimed, and nobody is there to take it."""
        await asyncio.wait({claim})
        if work.replied:
            return
        account_id, key = work.task.result()
        await asyncio.to_thread(self.outbox.give_up_reply, account_id, key)

    def _hand_over(self, work: _Work) -> None:
        work.handed_over = True
        work.changed.set()

    def _keep(self, what: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(what)
        self._running.add(task)  # the event loop itself holds tasks weakly
        task.add_done_callback(self._running.discard)
        return task

    # The records

    def _arrive(self, message: Incoming) -> Arrival:
        with self._database.transaction() as session:
            return wechat_accounts.arrive(
                session,
                self._hall,
                app=self._app,
                open_id=message.sender,
                key=message.key,
                trigger=Trigger.EVENT if message.kind == "event" else Trigger.MESSAGE,
                province=self._settings.wechat_province,
                idle=self._settings.wechat_idle,
                anew=message.event == "subscribe",
                now=now(),
            )

    def _hear(self, arrival: Arrival, message: Incoming) -> Heard:
        with self._database.reading() as session:
            can_go_on = wechat_deliveries.owes(session, arrival.account_id)
            return hear(
                session,
                arrival.conversation_id,
                message,
                now=now(),
                can_go_on=can_go_on,
                before=arrival.before,
            )

    def _at_once(self, arrival: Arrival, heard: Heard) -> list[dict[str, Any]]:
        """Answer what needs no turn: a command, a notice, the greeting."""
        if heard.command == "rated":
            return self._commands.rate(**heard.facts)
        if heard.command:
            return self._commands.obey(heard.command, arrival)
        message = wire_message(draft(heard.sentence or "", channel="wechat", **heard.facts))
        if not message.get("options"):
            return [message]
        with self._database.transaction() as session:
            messages = [*urgent.messages(session, arrival.conversation_id, now()), message]
            # What is offered counts only when the transcript has it, and so does what was heard.
            conversations.say(session, arrival.conversation_id, author="bot", messages=messages, now=now())
        return messages

    def _as_said(self, message: Line) -> dict[str, Any]:
        said = {"kind": message.kind, "text": message.text, **message.body}
        return {**said, "link": self._slips.link(message.conversation_id, said, now())}

    def _turn_of(self, conversation_id: str, key: str) -> str | None:
        with self._database.reading() as session:
            return conversations.turn_of(session, conversation_id, key)
