"""Questions that got no answer that helped, put together by meaning; and what staff make of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import trying
from console.access import needs
from console.records import database, me, now
from faq import clusters, desk
from faq.book import load_flows
from faq.clean import heard, heard_in_book
from hrss import book_changes, books, trials, unknowns
from hrss.permissions import May
from hrss.unknowns import Put, Why

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAYS = (7, 14, 30, 90)
SHOWN = 40  # clusters on the page

pages = Blueprint("unknowns", __name__, url_prefix="/book/unknowns")


@pages.get("")
@needs(May.EDIT_BOOK)
def index() -> str:
    days, why, province = (request.args.get(name, "") for name in ("days", "why", "province"))
    if (days and days not in map(str, DAYS)) or (why and why not in [each.value for each in Why]):
        abort(400)
    until = now()
    with database().reading() as records:
        found = unknowns.of(records, until - timedelta(days=int(days or 30)), until)
        bodies = books.entries(records, books.current_version(records) or 0)
        drafted = book_changes.with_changes(bodies, book_changes.open_ones(records))
        taught = {heard_in_book(said) for body in drafted.values() for said in desk.entry_of(body).said()}
        gone = taught | unknowns.marked(records, {heard(each.text) for each in found})
    left = [
        each
        for each in found
        if heard(each.text) not in gone
        and (not why or each.why.value == why)
        and (not province or each.province == province)
    ]
    grouped = clusters.clustered(left, until)
    return render_template(
        "book/unknowns.html",
        clusters=grouped[:SHOWN],
        total=len(grouped),
        times=len(left),
        entries={id: body for id, body in sorted(drafted.items()) if desk.is_on(body)},
        flows=load_flows(),
        days=DAYS,
        whys=list(Why),
        chosen={"days": days or "30", "why": why, "province": province},
    )


@pages.post("")
@needs(May.EDIT_BOOK)
def act() -> Response:
    """Make something of a cluster's questions, those that are ticked."""
    texts = [text.strip() for text in request.form.getlist("text") if text.strip()]
    what = request.form.get("act", "")
    if not texts:
        abort(400)
    if what == "new":
        return redirect(url_for("book.new", phrase=texts, province=request.form.get("province") or "gd"))
    if what in ("phrase", "paste"):
        return _taught(request.form.get("entry", ""), "plain" if what == "phrase" else "paste", texts)
    if what == "try":
        entry_id = request.form.get("entry", "")
        with database().reading() as records:
            body = _body(records, entry_id)
        return trying.tried({entry_id: unknowns.body_with(body, "plain", texts)}, note=texts[0])
    if what not in [each.value for each in Put]:
        abort(400)
    with database().transaction() as records:
        questions = {heard(text): text for text in texts}
        unknowns.put(records, questions, Put(what), staff=me(), now=now())
        if what == Put.OUTSIDE.value:
            # Every trial asks them from now on: nothing that is taught may come to answer them.
            for text in texts:
                trials.save_question(
                    records, text, province=None, decision="none", entry=None, staff=me(), now=now()
                )
    return redirect(url_for(".index", put=what))


def _taught(entry_id: str, voice: str, texts: list[str]) -> Response:
    """Add questions to an entry, beside what is already changed about it."""
    with database().transaction() as records:
        change = book_changes.of_entry(records, entry_id)
        book_changes.propose(
            records,
            entry_id,
            unknowns.body_with(_body(records, entry_id), voice, texts),
            note=change.note if change else texts[0],
            staff=me(),
            now=now(),
        )
    return redirect(url_for("book.changes", saved=entry_id))


def _body(records: Session, entry_id: str) -> dict[str, Any]:
    """An entry as it would be with its open change."""
    change = book_changes.of_entry(records, entry_id)
    body = change.body if change else books.body(records, entry_id)
    if body is None:
        abort(400)
    return dict(body)
