"""
Links to 政策确认单, for a talk in which nothing can be downloaded with a key.

A link is for one talk and some minutes, and is signed; whether that talk may still see the slip is asked when it is opened.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from bot.sentences import sentence
from hrss import conversations, refunds
from hrss.errors import Refusal, SlipLinkExpired, SlipUnknown
from hrss.hall import Hall

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

GOOD_FOR = timedelta(minutes=15)
PATH = "/webhooks/wechat/slip"  # where Rasa puts the channel
SIGNATURE_DIGITS = 32  # 128 bits


def told(link: str) -> str:
    """Say a link, as a paragraph of its own."""
    return sentence("utter_wechat_slip", link=link, minutes=int(GOOD_FOR.total_seconds() // 60))


class Slips:
    """Links that begin with `address`, where people reach this server; without one there are none."""

    def __init__(self, hall: Hall, address: str) -> None:
        self._hall, self._address = hall, address

    def link(self, conversation_id: str, message: Mapping[str, Any], now: datetime) -> str | None:
        """Return where to read what this message of the talk offers as a file, if that is a slip."""
        path = urlsplit(message.get("file", {}).get("path", ""))
        if not self._address or path.path != "slip":
            return None
        [number] = parse_qs(path.query)["number"]
        until = f"{int((now + GOOD_FOR).timestamp()):x}"
        signed = self._signature(number, until, conversation_id)
        return f"{self._address}{PATH}/{number}.{until}.{signed}/{quote(conversation_id)}"

    def latest(self, session: Session, conversation_id: str, now: datetime) -> str | None:
        """Return a fresh link to the last slip that was offered in the talk."""
        offered = conversations.last_of_kind(session, conversation_id, "file")
        return self.link(conversation_id, offered, now) if offered else None

    def open(self, session: Session, ticket: str, conversation_id: str, now: datetime) -> tuple[str, bytes]:
        """Return a slip's number and its PDF; what nobody was given, and what is over, is refused."""
        told, _, signed = ticket.rpartition(".")
        number, _, until = told.partition(".")
        if not hmac.compare_digest(self._signature(number, until, conversation_id).encode(), signed.encode()):
            raise SlipUnknown()
        if now.timestamp() > int(until, 16):
            raise SlipLinkExpired()
        try:
            return number, refunds.slip(session, self._hall, conversation_id, number=number, now=now)
        except Refusal:  # the proof is over, or the talk
            raise SlipLinkExpired() from None

    def _signature(self, number: str, until: str, conversation_id: str) -> str:
        return self._hall.sealer.lookup("slip link", number, until, conversation_id)[:SIGNATURE_DIGITS]
