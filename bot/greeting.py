"""What a person hears first, and when the page they came from tells who they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bot import hall, urgent
from bot.responses import screen
from bot.sentences import draft
from bot.wire import wire_message
from faq.pages import load_pages
from hrss import refunds, roster
from hrss.closures import Closed
from hrss.identity_tokens import SignedIn
from hrss.subjects import SubjectKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def opening(
    session: Session,
    conversation_id: str,
    signed_in: SignedIn | None,
    now: dt.datetime,
    *,
    closed: Closed | None = None,
) -> list[dict[str, Any]]:
    """Return the messages that begin a conversation: first what is closed, and what everyone is to hear now."""
    notice = [_notice("utter_channel_closed_at_start", reason=closed.reason)] if closed else []
    welcomed = welcome(session, conversation_id, signed_in, now) if signed_in else ()
    bulletins = urgent.messages(session, conversation_id, now)
    return [*notice, *bulletins, wire_message(draft("utter_session_start")), *welcomed]


def on_page(key: object, province: str | None) -> list[dict[str, Any]]:
    """Return what fits the page that someone comes from: nothing when it names none that is known in their province."""
    page = load_pages().get(key) if isinstance(key, str) else None
    if page is None or province is None or province not in page.screens:
        return []
    offered = screen(hall.shelf().book(), page.screens[province], {"province": province}, draft)
    said = draft("utter_on_page", page=page.name, question=offered["text"])
    return [wire_message({**said, "buttons": offered["buttons"]})]


def welcome(
    session: Session, conversation_id: str, signed_in: SignedIn, now: dt.datetime
) -> list[dict[str, Any]]:
    """Return what someone hears whose login was taken over: as whom they go on, and what waits for them."""
    messages = [_notice(f"utter_signed_in_{signed_in.subject.kind.value}", name=signed_in.name)]
    if signed_in.subject.kind is SubjectKind.PERSON:
        messages += map(wire_message, _waiting(session, conversation_id, signed_in, now))
    return messages


def _waiting(
    session: Session, conversation_id: str, signed_in: SignedIn, now: dt.datetime
) -> Iterator[dict[str, Any]]:
    """Yield what waits for a person: requests to be bound, and refunds to be confirmed, as the hall's popup has it."""
    parents = roster.parents(session, signed_in.subject.id, province=signed_in.province)
    asking = [parent.name for parent in parents if not parent.has_accepted]
    if asking:
        yield draft("utter_binding_waiting", organizations="、".join(asking))
    for each in refunds.waiting(session, conversation_id, now=now):
        yield draft("utter_refund_waiting", org=each.org_name, year=each.year)


def _notice(name: str, /, **facts: str) -> dict[str, Any]:
    return wire_message({**draft(name, **facts), "custom": {"kind": "system"}})
