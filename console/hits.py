"""Trying one question: how it is read, as a citizen of a province would have it read, by one book or two."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import moments
from console.access import needs
from console.records import database, me, now
from faq import desk, readers, trained
from faq.book import Book
from faq.places import SERVED
from faq.reading import Context, Decision
from hrss import book_changes, books, trials
from hrss.permissions import May

CHANGED = "changed"  # the published book with all open changes

pages = Blueprint("hits", __name__, url_prefix="/book/try")


@pages.get("")
@needs(May.READ_BOOK)
def index() -> str:
    text, province = request.args.get("text", "").strip()[:500], request.args.get("province", "")
    audience, channel = request.args.get("audience", ""), request.args.get("channel", "web")
    if province not in ("", *SERVED) or audience not in ("", "person", "org"):
        abort(400)
    sides = [_book(request.args.get("book", ""))]
    if request.args.get("against"):
        sides.append(_book(request.args["against"]))
    context = Context(province=province or None, audience=audience or None)
    read = []
    if text:
        model = trained.newest()
        for name, book in sides:
            reading = readers.reader(book, model).read(text, context)
            answer = book.answer(reading.entry or "", reading.facts) if reading.entry in book else None
            read.append((name, book, reading, answer))
    with database().reading() as records:
        versions = [each.number for each in books.versions(records, 30)]
    return render_template(
        "book/try.html",
        read=read,
        versions=versions,
        chosen={
            "text": text,
            "province": province,
            "audience": audience,
            "channel": channel,
            "book": request.args.get("book", ""),
            "against": request.args.get("against", ""),
        },
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


def _book(name: str) -> tuple[str, Book]:
    """The book of a version, the one that answers, or that with its open changes."""
    with database().reading() as records:
        current = books.current_version(records) or 0
        if name not in ("", CHANGED) and not (name.isdecimal() and len(name) < 9):
            abort(400)
        version = int(name) if name.isdecimal() else current
        bodies = books.entries(records, version)
        if name == CHANGED:
            bodies = book_changes.with_changes(bodies, book_changes.open_ones(records))
    if not bodies and version:
        abort(404)
    today = now().astimezone(moments.BEIJING).date()
    return name or str(version), desk.book_of(bodies, version, today)
