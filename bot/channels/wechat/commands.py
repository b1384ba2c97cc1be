"""What a person can tell the channel itself, without a turn of the dialogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.channels.wechat.slips import Slips, told
from bot.sentences import draft, sentence
from bot.turns import now
from bot.wire import wire_message
from hrss import conversations, photos, wechat_accounts
from hrss.database import Database
from hrss.wechat_accounts import Arrival


class Commands:
    """Obeys the commands of `commands.yml`, and says what came of them."""

    def __init__(self, database: Database, slips: Slips) -> None:
        self._database, self._slips = database, slips
        self._all: dict[str, Callable[[Arrival], str | None]] = {
            "large": lambda arrival: self._size(arrival, large=True),
            "small": lambda arrival: self._size(arrival, large=False),
            "more": lambda arrival: None,  # what earlier answers owe comes with every reply
            "helpful": lambda arrival: self._rate(arrival, helpful=True),
            "unhelpful": lambda arrival: self._rate(arrival, helpful=False),
            "withdraw_consent": self._withdraw_consent,
        }
        self._asking = {"rating": self._ask_for_rating, "end": self._end, "slip": self._slip}

    def obey(self, command: str, arrival: Arrival) -> list[dict[str, Any]]:
        if command in self._asking:
            return [self._asking[command](arrival.conversation_id)]
        response = self._all[command](arrival)
        return [wire_message(draft(response))] if response else []

    def rate(self, *, conversation_id: str, rating: int) -> list[dict[str, Any]]:
        """The person has chosen how the whole talk was (好差评); the thanks take the choice away."""
        thanks = wire_message(draft("utter_wechat_rated_well" if rating > 2 else "utter_wechat_rated_low"))
        with self._database.transaction() as session:
            conversations.rate_whole(session, conversation_id, rating, now=now())
            conversations.say(session, conversation_id, author="bot", messages=[thanks], now=now())
        return [thanks]

    def _size(self, arrival: Arrival, *, large: bool) -> str:
        with self._database.transaction() as session:
            wechat_accounts.set_large(session, arrival.account_id, large=large)
        return "utter_wechat_large" if large else "utter_wechat_small"

    def _rate(self, arrival: Arrival, *, helpful: bool) -> str:
        with self._database.transaction() as session:
            conversations.rate_last(session, arrival.conversation_id, helpful=helpful, now=now())
        return "utter_wechat_rated" if helpful else "utter_wechat_rated_badly"

    def _withdraw_consent(self, arrival: Arrival) -> str:
        with self._database.transaction() as session:
            conversations.record_consent(
                session,
                arrival.conversation_id,
                kind=photos.CONSENT,
                granted=False,
                text_version="1",
                now=now(),
            )
        return "utter_wechat_consent_withdrawn"

    def _ask_for_rating(self, conversation_id: str) -> dict[str, Any]:
        message = wire_message(draft("utter_wechat_rating"))
        with self._database.transaction() as session:
            conversations.say(session, conversation_id, author="bot", messages=[message], now=now())
        return message

    def _slip(self, conversation_id: str) -> dict[str, Any]:
        with self._database.reading() as session:
            link = self._slips.latest(session, conversation_id, now())
        return {"text": told(link) if link else sentence("utter_wechat_slip_elsewhere")}

    def _end(self, conversation_id: str) -> dict[str, Any]:
        message = wire_message(draft("utter_wechat_ended"))
        with self._database.transaction() as session:
            conversations.say(session, conversation_id, author="bot", messages=[message], now=now())
            conversations.end(session, conversation_id, now())
        return message
