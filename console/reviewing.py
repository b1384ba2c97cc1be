"""What staff do with one conversation: judge, comment, follow up, reveal a value, make a test; and the queues."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import needs
from console.records import database, hall, me, now, vault
from hrss import regressions, reveals, reviews, transcript_list
from hrss.permissions import May
from hrss.transcript_list import Filters, Queue

MOST_COUNTED = 1000

pages = Blueprint("reviewing", __name__)


@pages.get("/review")
@needs(May.REVIEW)
def queues() -> str:
    with database().reading() as records:
        waiting = {
            queue.value: transcript_list.count(records, Filters(queue=queue, reader=me()), MOST_COUNTED)
            for queue in Queue
        }
        open_follow_ups = transcript_list.count(records, Filters(follow_up="any"), MOST_COUNTED)
    return render_template("review.html", waiting=waiting, open_follow_ups=open_follow_ups, most=MOST_COUNTED)


@pages.get("/review/next")
@needs(May.REVIEW)
def following() -> Response:
    """The next conversation of a queue; the page of queues when there is none left."""
    return redirect(_next(_queue(request.args.get("queue", "")), after=request.args.get("after")))


@pages.post("/conversations/<conversation_id>/verdict")
@needs(May.REVIEW)
def judge(conversation_id: str) -> Response:
    quality = request.form.get("quality", "")
    with database().transaction() as records:
        reviews.judge(
            records,
            conversation_id,
            staff=me(),
            quality=int(quality) if quality.isdecimal() else 0,
            follow_up=request.form.get("follow_up") or None,
            now=now(),
        )
    if queue := request.form.get("queue"):
        return redirect(_next(_queue(queue), after=None))
    return _back_to(conversation_id, "review")


@pages.post("/conversations/<conversation_id>/follow-up")
@needs(May.REVIEW)
def followed_up(conversation_id: str) -> Response:
    with database().transaction() as records:
        reviews.done(records, conversation_id, request.form.get("of", ""), staff=me(), now=now())
    return _back_to(conversation_id, "review")


@pages.post("/conversations/<conversation_id>/comments")
@needs(May.REVIEW)
def comment(conversation_id: str) -> Response:
    seq = request.form.get("seq", "")
    with database().transaction() as records:
        reviews.comment(
            records,
            conversation_id,
            staff=me(),
            text=request.form.get("text", ""),
            seq=int(seq) if seq.isdecimal() and len(seq) < 9 else None,
            now=now(),
        )
    return _back_to(conversation_id, "comments")


@pages.post("/conversations/<conversation_id>/test")
@needs(May.MAKE_TESTS)
def make_test(conversation_id: str) -> Response:
    corrections = {
        int(name.removeprefix("entry-")): value.strip()
        for name, value in request.form.items()
        if name.startswith("entry-") and name.removeprefix("entry-").isdecimal() and value.strip()
    }
    with database().transaction() as records:
        regressions.make(records, conversation_id, staff=me(), corrections=corrections, now=now())
    return _back_to(conversation_id, "test")


@pages.post("/conversations/<conversation_id>/reveal")
@needs(May.REVEAL)
def reveal(conversation_id: str) -> str:
    """One value, in an answer that is kept nowhere."""
    token = request.form.get("token", "")
    with database().transaction() as records:
        value = reveals.of_conversation(
            records,
            vault(),
            conversation_id,
            token,
            staff=me(),
            reason=request.form.get("reason", ""),
            now=now(),
        )
    back = url_for("conversations.show", conversation_id=conversation_id)
    return render_template("revealed.html", label=token, value=value, back=back)


@pages.post("/cases/<number>/reveal")
@needs(May.REVEAL)
def reveal_of_case(number: str) -> str:
    field = request.form.get("field", "")
    with database().transaction() as records:
        value = reveals.of_case(
            records, hall(), number, field, staff=me(), reason=request.form.get("reason", ""), now=now()
        )
    return render_template(
        "revealed.html", field=field, value=value, back=url_for("cases.show", number=number)
    )


def _queue(text: str) -> Queue:
    try:
        return Queue(text)
    except ValueError:
        abort(400)


def _next(queue: Queue, after: str | None) -> str:
    """Where the next of a queue is; `after` is one that is passed over, and with it those before."""
    with database().reading() as records:
        passed = transcript_list.summary(records, after) if after else None
        place = transcript_list.Place(passed.last_at, passed.id) if passed else None
        found = transcript_list.page(records, Filters(queue=queue, reader=me()), place, 1).conversations
    if not found:
        return url_for(".queues", done=queue.value)
    return url_for("conversations.show", conversation_id=found[0].id, queue=queue.value)


def _back_to(conversation_id: str, part: str) -> Response:
    return redirect(url_for("conversations.show", conversation_id=conversation_id, _anchor=part))
