"""What a WeChat message means before the dialogue hears it: a text, an option, a photo, or a word to the channel."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bot.channels.wechat import menu
from bot.channels.wechat.messages import Incoming
from bot.channels.wechat.rendering import numbered
from bot.said import Said, of_option
from hrss import conversations
from hrss.errors import OptionExpired

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SILENT_EVENTS = frozenset({"unsubscribe"})
HEARD_EVENTS = frozenset({"subscribe", "scan", "click"})
SCENE = "qrscene_"  # before the scene of a code that a new follower has scanned
RATING = re.compile(r"rate ([1-5])")  # the payload of an option that the channel keeps to itself
_NUMBER = re.compile(r"(?:第|选)?([0-9]{1,2})(?:个|项|号)?[.。、)]?")


@dataclass(frozen=True)
class Heard:
    """One of these: what was said, a command, a photo to fetch, or a sentence that answers at once."""

    said: Said | None = None
    command: str | None = None
    media: str | None = None
    sentence: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def hear(
    session: Session,
    conversation_id: str,
    message: Incoming,
    *,
    now: datetime,
    can_go_on: bool,
    before: str | None = None,
) -> Heard:
    """
    Find out what a message means in its conversation.

    `can_go_on` says whether an earlier answer has more to say; `before` is the conversation that ended before this one,
    which may still be rated. An option that is gone raises its refusal.
    """
    if message.kind == "event":
        return _event(message)
    if message.kind == "text":
        return (
            _rated_after_the_end(session, conversation_id, message, before)
            or _chosen(session, conversation_id, message, now)
            or _typed(
                session, conversation_id, message.fields.get("Content", ""), can_go_on=can_go_on, now=now
            )
        )
    if message.kind == "voice":
        recognised = message.fields.get("Recognition", "").strip()
        if recognised:
            return _typed(session, conversation_id, recognised, can_go_on=can_go_on, now=now)
        return Heard(sentence="utter_wechat_voice")
    if message.kind == "image":
        if conversations.asked_last(session, conversation_id).get("field") == "photo":
            return Heard(media=message.fields.get("MediaId", ""))
        return Heard(sentence="utter_wechat_image")
    return Heard(sentence="utter_wechat_other")


def _event(message: Incoming) -> Heard:
    key = menu.keys().get(message.fields.get("EventKey", "").removeprefix(SCENE))
    if key is None or message.event == "subscribe":
        return Heard(
            sentence="utter_wechat_menu_changed" if message.event == "click" else "utter_session_start"
        )
    if key.command:
        return Heard(command=key.command)
    return Heard(Said(key.label, {"id": f"menu:{message.fields['EventKey']}"[:64], "payload": key.payload}))


def _chosen(session: Session, conversation_id: str, message: Incoming, now: datetime) -> Heard | None:
    """A tap on a menu that was sent: it comes as text, with the option's id beside it."""
    option_id = message.fields.get("bizmsgmenuid", "").strip()
    if not option_id:
        return None
    offered = conversations.option(session, conversation_id, option_id)
    return _too_early(session, conversation_id, now) or _option(offered, conversation_id)


def _option(offered: dict[str, Any], conversation_id: str) -> Heard:
    rating = RATING.fullmatch(offered["payload"])
    if rating is None:
        return Heard(of_option(offered))
    return Heard(command="rated", facts={"conversation_id": conversation_id, "rating": int(rating.group(1))})


def _rated_after_the_end(
    session: Session, conversation_id: str, message: Incoming, before: str | None
) -> Heard | None:
    """What was asked when the last conversation ended, and nothing was said since."""
    if before is None or conversations.asked_last(session, conversation_id):
        return None
    ratings = [each for each in conversations.offered(session, before) if RATING.fullmatch(each["payload"])]
    option_id = message.fields.get("bizmsgmenuid", "").strip()
    plain = _plain(message.fields.get("Content", ""))
    for number, each in enumerate(ratings, start=1):
        if option_id == each["id"] or (
            not option_id and (plain == _plain(each["label"]) or _number(plain) == number)
        ):
            return _option(each, before)
    return None


def _typed(session: Session, conversation_id: str, text: str, *, can_go_on: bool, now: datetime) -> Heard:
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    options = conversations.offered(session, conversation_id)
    labelled = next((option for option in options if _plain(option["label"]) == plain), None)
    number = _number(plain)
    if labelled is None and number is not None:
        asked = conversations.asked_last(session, conversation_id)
        if not options and not asked.get("field"):
            raise OptionExpired()
        if number > len(options) > 0:
            return Heard(sentence="utter_wechat_no_such_number", facts={"count": len(options)})
        if options:
            wanted = next(each["id"] for each in numbered(options) if each["number"] == number)
            labelled = next(option for option in options if option["id"] == wanted)
    if labelled is not None:
        return _too_early(session, conversation_id, now) or _option(labelled, conversation_id)
    command = _command(plain)
    if command == "more" and not can_go_on:
        command = None
    if command == "slip" and not conversations.last_of_kind(session, conversation_id, "file"):
        command = None
    if command in ("helpful", "unhelpful") and not conversations.asked_last(session, conversation_id).get(
        "entry"
    ):
        command = None
    return Heard(command=command) if command else Heard(Said(text))


def _too_early(session: Session, conversation_id: str, now: datetime) -> Heard | None:
    """Refuse a choice before the text above it has been read as long as it must (F3); nothing is used up."""
    not_before = conversations.asked_last(session, conversation_id).get("not_before")
    if not not_before:
        return None
    left = (datetime.fromisoformat(not_before) - now).total_seconds()
    return Heard(sentence="utter_wechat_read_on", facts={"seconds": int(-(-left // 1))}) if left > 0 else None


def _number(plain: str) -> int | None:
    found = _NUMBER.fullmatch(plain)
    if found:
        return int(found.group(1)) or None
    if len(plain) == 1 and (value := unicodedata.numeric(plain, 0)) >= 1 and value == int(value):
        return int(value)  # 一, ②
    return None


def _plain(label: str) -> str:
    return "".join(unicodedata.normalize("NFKC", label).split())


@cache
def _commands() -> dict[str, re.Pattern[str]]:
    body = yaml.safe_load((Path(__file__).parent / "commands.yml").read_text(encoding="utf-8"))
    return {name: re.compile(pattern) for name, pattern in body.items()}


def _command(plain: str) -> str | None:
    return next((name for name, pattern in _commands().items() if pattern.search(plain)), None)
