"""What is done at once: an emergency notice, written and approved; a channel or a flow closed and opened again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import moments
from console.access import needs
from console.records import database, me, now
from console.sentences import refusal
from faq.places import SERVED
from hrss import books, bulletins, closures, radar, words
from hrss.bulletins import Wanted
from hrss.closures import Closable
from hrss.errors import BulletinTimesWrong, BulletinUnknown, Refusal
from hrss.permissions import May
from hrss.radar import About

FORM_MINUTE = "%Y-%m-%dT%H:%M"
FIRST_OFFERED = timedelta(hours=4)  # that a notice stands, unless its writer says otherwise
MOST_NAMED = 3
LONGEST_NUMBER = 9

pages = Blueprint("emergency", __name__, url_prefix="/emergency")


@pages.get("")
@needs(May.ANNOUNCE)
def index() -> str:
    return _page(_blank())


@pages.post("/notices")
@needs(May.ANNOUNCE)
def write() -> Response | tuple[str, int]:
    given: dict[str, Any] = {name: request.form.get(name, "").strip() for name in _blank()}
    given["about"] = [each for each in request.form.getlist("about") if each][:MOST_NAMED]
    if given["province"] not in ("", *SERVED):
        abort(400)
    try:
        with database().transaction() as records:
            bulletins.write(records, _wanted(given), staff=me(), now=now(), alarm=_alarm(given))
    except Refusal as refused:
        return _page(given, refused), 409
    return redirect(url_for(".index", done="written"))


@pages.post("/notices/<number>/approve")
@needs(May.ANNOUNCE)
def approve(number: str) -> Response:
    with database().transaction() as records:
        bulletins.approve(records, _number(number), staff=me(), now=now())
    return redirect(url_for(".index", done="approved"))


@pages.post("/notices/<number>/end")
@needs(May.ANNOUNCE)
def end(number: str) -> Response:
    with database().transaction() as records:
        bulletins.end(records, _number(number), staff=me(), now=now())
    return redirect(url_for(".index", done="ended"))


@pages.post("/close")
@needs(May.CLOSE)
def close() -> Response:
    kind, name = _closable()
    with database().transaction() as records:
        closures.close(records, kind, name, reason=request.form.get("reason", ""), staff=me(), now=now())
    return redirect(url_for(".index", done="closed"))


@pages.post("/reopen")
@needs(May.CLOSE)
def reopen() -> Response:
    kind, name = _closable()
    with database().transaction() as records:
        closures.reopen(records, kind, name, staff=me(), now=now())
    return redirect(url_for(".index", done="reopened"))


def _page(given: dict[str, Any], refused: Refusal | None = None) -> str:
    moment = now()
    with database().reading() as records:
        rises = [(rise, radar.course(records, rise, moment)) for rise in radar.rises(records, moment)]
        entries = books.entries(records, books.current_version(records) or 0)
        shown = {
            "standing": bulletins.open_ones(records, moment),
            "past": bulletins.past(records, moment),
            "closed": closures.standing(records),
        }
    asked_for = next((rise for rise, _ in rises if _is_asked_for(rise)), None)
    return render_template(
        "emergency.html",
        given=given,
        drafted=asked_for if refused is None else None,
        rises=rises,
        questions={entry_id: body["question"] for entry_id, body in entries.items()},
        provinces={entry_id: body["province"] for entry_id, body in entries.items()},
        closable=words.read("closable"),
        state_of=lambda bulletin: bulletins.state_of(bulletin, moment).value,
        longest=bulletins.LONGEST_TEXT,
        most_named=MOST_NAMED,
        sentence=refusal(refused) if refused else None,
        **shown,
    )


def _blank() -> dict[str, Any]:
    local = now().astimezone(moments.BEIJING)
    return {
        "text": "",
        "since": "",
        "until": (local + FIRST_OFFERED).strftime(FORM_MINUTE),
        "channel": "",
        "province": "",
        "about": [],
        "rise_about": "",
        "rise_entry": "",
    }


def _wanted(given: dict[str, Any]) -> Wanted:
    return Wanted(
        text=given["text"],
        valid_from=_moment(given["since"]) if given["since"] else now(),
        valid_until=_moment(given["until"]),
        channel=given["channel"] or None,
        province=given["province"] or None,
        about=tuple(given["about"]),
    )


def _moment(text: str) -> datetime:
    try:
        return moments.since(text)
    except ValueError:
        raise BulletinTimesWrong(days=bulletins.LONGEST.days) from None


def _alarm(given: dict[str, Any]) -> tuple[About, str | None] | None:
    if given["rise_about"] not in [about.value for about in About]:
        return None
    return About(given["rise_about"]), given["rise_entry"] or None


def _is_asked_for(rise: radar.Rise) -> bool:
    return (request.args.get("rise"), request.args.get("entry") or None) == (rise.about.value, rise.entry)


def _closable() -> tuple[Closable, str]:
    """What a form names, as `flow recover_password`."""
    kind, _, name = request.form.get("what", "").partition(" ")
    if kind not in [each.value for each in Closable]:
        abort(400)
    return Closable(kind), name[:64]


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > LONGEST_NUMBER:
        raise BulletinUnknown()
    return int(text)
