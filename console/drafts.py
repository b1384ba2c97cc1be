"""Drafts of entries from manuals: handed in here, written into entries one by one, or dropped."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import needs
from console.records import database, me, now
from faq import desk, manuals
from faq.book import load_sources
from faq.places import SERVED
from hrss import books, drafts
from hrss.permissions import May

COVERED = 0.85  # likeness from which the book seems to have it already

pages = Blueprint("drafts", __name__, url_prefix="/book/drafts")


@pages.get("")
@needs(May.EDIT_BOOK)
def index() -> str:
    with database().reading() as records:
        found = drafts.all_of(records)
        bodies = books.entries(records, books.current_version(records) or 0)
    return render_template(
        "book/drafts.html",
        files=[(file, list(rows)) for file, rows in groupby(found, key=lambda draft: draft.file)],
        questions={entry_id: body["question"] for entry_id, body in bodies.items()},
        covered=COVERED,
        documents=load_sources(),
        kinds=",".join(manuals.KINDS),
    )


@pages.post("")
@needs(May.EDIT_BOOK)
def hand_in() -> Response:
    file, province = request.files.get("file"), request.form.get("province", "")
    if file is None or not file.filename or province not in SERVED:
        abort(400)
    name, content = PurePath(file.filename.replace("\\", "/")).name, file.read()
    with database().transaction() as records:
        desk.draft(
            records,
            name,
            content,
            province=province,
            document=request.form.get("document", ""),
            title=request.form.get("title", "")[:100],
            staff=me(),
            now=now(),
        )
    return redirect(url_for(".index", drafted=name))


@pages.post("/<int:draft_id>/drop")
@needs(May.EDIT_BOOK)
def drop(draft_id: int) -> Response:
    with database().transaction() as records:
        drafts.drop(records, draft_id, staff=me())
    return redirect(url_for(".index"))


@pages.post("/drop")
@needs(May.EDIT_BOOK)
def drop_file() -> Response:
    with database().transaction() as records:
        drafts.drop_file(records, request.form.get("file", ""), staff=me())
    return redirect(url_for(".index"))
