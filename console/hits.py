"""Trying one question: how it is read, as a citizen of a province and channel gets it, by two books or two models."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import needs
from console.records import database, me, now, today
from console.sentences import sentence
from faq import desk, readers, trained
from faq.book import Answer, Book
from faq.places import SERVED
from faq.reading import Context, Decision, Reading
from faq.trained import Trained
from faq.understanding import Thresholds
from hrss import book_changes, books, trained_models, trials
from hrss.permissions import May

CHANGED = "changed"  # the published book with all open changes
CHANNELS = ("web", "large", "wechat")

pages = Blueprint("hits", __name__, url_prefix="/book/try")


class Side(NamedTuple):
    """A book and the model that reads for it."""

    book_name: str
    book: Book
    model_id: str | None
    model: Trained


class Read(NamedTuple):
    side: Side
    reading: Reading
    answer: Answer | None
    said: str | None  # instead of an answer


@pages.get("")
@needs(May.READ_BOOK)
def index() -> str:
    given = {
        name: request.args.get(name, "").strip()[:500]
        for name in ("text", "province", "audience", "channel", "book", "model", "against", "against_model")
    }
    given["channel"] = given["channel"] or CHANNELS[0]
    if (
        given["province"] not in ("", *SERVED)
        or given["audience"] not in ("", "person", "org")
        or given["channel"] not in CHANNELS
    ):
        abort(400)
    with database().reading() as records:
        versions = [each.number for each in books.versions(records, 30)]
        models = [each for each in trained_models.all_of(records) if trained.is_here(each.id)]
        active = trained_models.active(records)
    read = []
    if given["text"]:
        sides = [_side(given["book"], given["model"], active.model)]
        if given["against"] or given["against_model"]:
            sides.append(_side(given["against"], given["against_model"], active.model))
        context = Context(province=given["province"] or None, audience=given["audience"] or None)
        thresholds = Thresholds.moved(active.thresholds)
        read = [_read(side, given["text"], context, thresholds) for side in sides]
    return render_template(
        "book/try.html",
        read=read,
        versions=versions,
        models=models,
        active=active,
        channels=CHANNELS,
        chosen=given,
    )


@pages.post("")
@needs(May.EDIT_BOOK)
def keep() -> Response:
    """Keep a question with what is right, for all trials to come."""
    decision, entry = request.form.get("decision", ""), request.form.get("entry") or None
    if decision not in [each.value for each in Decision]:
        abort(400)
    with database().transaction() as records:
        trials.save_question(
            records,
            request.form.get("text", ""),
            province=request.form.get("province") or None,
            decision=decision,
            entry=entry,
            staff=me(),
            now=now(),
        )
    return redirect(url_for(".index", text=request.form.get("text", ""), kept="yes"))


def _read(side: Side, text: str, context: Context, thresholds: Thresholds) -> Read:
    book = side.book
    reading = readers.reader(book, side.model, thresholds).read(text, context)
    answer = book.answer(reading.entry or "", reading.facts) if reading.entry in book else None
    said = None
    if reading.decision is Decision.WHICH:
        said = reading.ask or sentence("utter_which")
    elif reading.decision is Decision.NONE:
        said = sentence("utter_out_of_scope")
    return Read(side, reading, answer, said)


def _side(book_name: str, model_id: str, active: str | None) -> Side:
    """The book of a version, the one that answers, or that with its open changes; read by a model, or by the active one."""
    with database().reading() as records:
        current = books.current_version(records) or 0
        if book_name not in ("", CHANGED) and not (book_name.isdecimal() and len(book_name) < 9):
            abort(400)
        version = int(book_name) if book_name.isdecimal() else current
        bodies = books.entries(records, version)
        if book_name == CHANGED:
            bodies = book_changes.with_changes(bodies, book_changes.open_ones(records))
    if not bodies and version:
        abort(404)
    try:
        model = trained.chosen(model_id) if model_id else trained.answering(active)
    except trained.NoModel:
        abort(404)
    return Side(book_name or str(version), desk.book_of(bodies, version, today()), model_id or active, model)
