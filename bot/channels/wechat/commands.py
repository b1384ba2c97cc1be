"""What a person can tell the channel itself, without a turn of the dialogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.sentences import draft
from bot.turns import now
from bot.wire import wire_message
from hrss import conversations, photos, wechat_accounts
from hrss.database import Database
from hrss.wechat_accounts import Arrival


class Commands:
    """Obeys the commands of `commands.yml`, and says what came of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: dict[str, Callable[[Arrival], str | None]] = {
            "large": lambda arrival: self._size(arrival, large=True),
            "small": lambda arrival: self._size(arrival, large=False),
            "more": lambda arrival: None,  # what earlier answers owe comes with every reply
            "helpful": lambda arrival: self._rate(arrival, helpful=True),
            "unhelpful": lambda arrival: self._rate(arrival, helpful=False),
            "withdraw_consent": self._withdraw_consent,
            "end": self._end,
        }

    def obey(self, command: str, arrival: Arrival) -> list[dict[str, Any]]:
        response = self._all[command](arrival)
        return [wire_message(draft(response))] if response else []

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

    def _end(self, arrival: Arrival) -> str:
        with self._database.transaction() as session:
            conversations.end(session, arrival.conversation_id, now())
        return "utter_wechat_ended"
