"""Taking conversations over: who waits, one conversation, and what staff write in it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console.access import needs
from console.records import database, hall, me, now
from console.sentences import sentence
from hrss import conversations, handovers, transcript_list
from hrss.permissions import May
from hrss.tables import Handover

pages = Blueprint("live", __name__, url_prefix="/live")


@pages.get("")
@needs(May.TALK)
def index() -> str:
    return render_template("live/index.html", **_open_ones())


@pages.get("/queue")
@needs(May.TALK)
def queue() -> str:
    """The queue as a part of the page, asked for again and again; who asks is there."""
    with database().transaction() as records:
        if request.args.get("duty") == "on":
            handovers.go_on_duty(records, me(), now())
    return render_template("live/queue.html", **_open_ones())


@pages.post("/duty")
@needs(May.TALK)
def duty() -> AnyResponse:
    with database().transaction() as records:
        if request.form.get("duty") == "on":
            handovers.go_on_duty(records, me(), now())
        else:
            handovers.go_off_duty(records, me())
    return redirect(url_for(".index"))


@pages.post("/<conversation_id>/take")
@needs(May.TALK)
def take(conversation_id: str) -> AnyResponse:
    """Take it over; the person is told once, however often the button is pressed."""
    with database().transaction() as records:
        before = handovers.held(records, conversation_id)
        new = before is None or before.taken_by is None
        handovers.take(records, conversation_id, staff=me(), now=now())
        handovers.go_on_duty(records, me(), now())
        if new:
            _tell(records, conversation_id, "taken")
    return redirect(url_for(".show", conversation_id=conversation_id))


@pages.get("/<conversation_id>")
@needs(May.TALK)
def show(conversation_id: str) -> AnyResponse | str:
    with database().reading() as records:
        handover = handovers.held(records, conversation_id)
        conversation = transcript_list.summary(records, conversation_id)
        lines = conversations.after(records, conversation_id, 0, limit=10_000)
    if handover is None or handover.taken_by != me() or conversation is None:
        return redirect(url_for("conversations.show", conversation_id=conversation_id))
    return render_template(
        "live/show.html",
        conversation=conversation,
        lines=lines,
        last_seq=lines[-1].seq if lines else 0,
    )


@pages.get("/<conversation_id>/lines")
@needs(May.TALK)
def lines(conversation_id: str) -> Response:
    """What was said since, as a part of the page; and whether the conversation is still one's own."""
    after = request.args.get("after", "0")
    with database().transaction() as records:
        handovers.go_on_duty(records, me(), now())
        handover: Handover | None = handovers.held(records, conversation_id)
        said = conversations.after(records, conversation_id, int(after) if after.isdecimal() else 0)
    return jsonify(
        html=render_template("live/lines.html", lines=said),
        last_seq=said[-1].seq if said else None,
        mine=handover is not None and handover.taken_by == me(),
    )


@pages.post("/<conversation_id>/say")
@needs(May.TALK)
def say(conversation_id: str) -> AnyResponse:
    with database().transaction() as records:
        handovers.say(records, conversation_id, staff=me(), words=request.form.get("words", ""), now=now())
    return redirect(url_for(".show", conversation_id=conversation_id, _anchor="end"))


@pages.post("/<conversation_id>/return")
@needs(May.TALK)
def give_back(conversation_id: str) -> AnyResponse:
    with database().transaction() as records:
        handovers.give_back(records, conversation_id, staff=me(), now=now())
        _tell(records, conversation_id, "returned")
    return redirect(url_for(".index"))


def _tell(records: object, conversation_id: str, state: str) -> None:
    notice = {"kind": "handover", "text": sentence(f"utter_handover_{state}"), "state": state}
    conversations.say(records, conversation_id, author=conversations.Author.BOT, messages=[notice], now=now())


def _open_ones() -> dict[str, object]:
    with database().reading() as records:
        return {
            "open": handovers.open_ones(records),
            "on_duty": handovers.on_duty(records, now()),
            "hours": hall().staff_hours,
            "here": handovers.is_on_duty(records, me(), now()),
            "now": now(),
        }
