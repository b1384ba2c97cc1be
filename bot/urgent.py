"""Emergency notices (紧急通知) as they are said: in a greeting, before an answer, and at once where someone listens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from bot.sentences import draft
from bot.wire import wire_message
from hrss import bulletins
from hrss.workdays import in_words

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session


def messages(
    session: Session, conversation_id: str, now: dt.datetime, *, about: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return what a conversation has to hear before anything else; `about` is the entry or flow of what follows."""
    return [
        wire_message(
            {
                **draft("utter_bulletin", notice=each.text, until=in_words(each.valid_until)),
                "custom": {"kind": bulletins.KIND, bulletins.KIND: each.id},
            }
        )
        for each in bulletins.to_say(session, conversation_id, now=now, about=about)
    ]


def named_by(reading: Mapping[str, Any] | None) -> list[str]:
    """Return what a bulletin may name of an answer: its entry, and the flow that it begins."""
    return [reading[name] for name in ("entry", "intent") if reading and reading.get(name)]
