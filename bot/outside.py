"""What is said in a conversation from outside: by staff, and by notices of what others did. Here it is heard, and told."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import structlog

from bot import hall, urgent
from bot.bell import Bell
from bot.sentences import draft, sentence
from bot.turns import now
from bot.wire import wire_message
from hrss import bulletins, conversations, handovers, notices
from hrss.database import Database
from hrss.handovers import Lapse

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger()

LOOK_SECONDS = 1.0
LAPSE_EVERY = dt.timedelta(seconds=15)
JUST_NOW = dt.timedelta(minutes=1)
NEWS = {
    "binding.requested": "utter_news_binding_requested",
    "binding.withdrawn": "utter_news_binding_withdrawn",
    "binding.released": "utter_news_binding_released",
    "binding.accepted": "utter_news_binding_accepted",
    "binding.refused": "utter_news_binding_refused",
    "grant.given": "utter_news_grant_given",
    "grant.withdrawn": "utter_news_grant_withdrawn",
    "case.approved": "utter_news_case",
    "case.rejected": "utter_news_case",
    "case.returned": "utter_news_case",
}


class Watch:
    """Looks once a second what came from outside: tells it, wakes who listens here, ends what nobody attends to."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell
        self._seen: dict[str, int] = {}
        self._heard: dict[str, set[int]] = {}  # which bulletins a conversation that listens has heard
        self._lapsed_at = now()

    async def watch(self) -> None:
        while not self._bell.closed:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self._tell_news)
                if self._bell.is_heard:
                    await asyncio.to_thread(self._tell_bulletins, self._bell.listening())
                    for conversation_id in await asyncio.to_thread(self._stirred):
                        self._bell.ring(conversation_id)
                if now() - self._lapsed_at >= LAPSE_EVERY:
                    self._lapsed_at = now()
                    await asyncio.to_thread(self._lapse)
            except Exception:
                log.exception("outside.unheard")  # the database may be away for a moment

    def _stirred(self) -> list[str]:
        with self._database.reading() as session:
            newest = dict(conversations.stirring(session, since=now() - JUST_NOW))
        stirred = [each for each, seq in newest.items() if self._seen.get(each) != seq]
        self._seen = newest
        return stirred

    def _tell_news(self) -> None:
        with self._database.reading() as session:
            if not notices.are_waiting(session):
                return
        with self._database.transaction() as session:
            for news in notices.take(session, now=now()):
                message = wire_message({**draft(NEWS[news.what], **news.facts), "custom": {"kind": "system"}})
                conversations.say(
                    session,
                    news.conversation_id,
                    author=conversations.Author.BOT,
                    messages=[message],
                    now=now(),
                )

    def _tell_bulletins(self, listening: set[str]) -> None:
        """Say at once what everyone is to hear, where somebody looks on; who does not hears it when they come back."""
        with self._database.reading() as session:
            standing = {each.id for each in bulletins.standing(session, now())}
        for conversation_id in listening if standing else ():
            if self._heard.get(conversation_id) == standing:
                continue
            with self._database.transaction() as session:
                said = urgent.messages(session, conversation_id, now())
                if said:
                    conversations.say(
                        session, conversation_id, author=conversations.Author.BOT, messages=said, now=now()
                    )
        self._heard = dict.fromkeys(listening, standing)

    def _lapse(self) -> None:
        with self._database.transaction() as session:
            for lapse in handovers.lapse(session, hall.business(), now=now()):
                _tell(session, lapse)


def _tell(session: Session, lapse: Lapse) -> None:
    if lapse.receipt is None:
        notice = {"text": sentence("utter_handover_returned"), "state": "returned"}
    else:
        due = lapse.receipt.due_on.isoformat() if lapse.receipt.due_on else "—"
        text = sentence("utter_handover_lapsed", number=lapse.receipt.number, due=due)
        notice = {"text": text, "state": "lapsed"}
    conversations.say(
        session,
        lapse.conversation_id,
        author=conversations.Author.BOT,
        messages=[{"kind": "handover", **notice}],
        now=now(),
    )
