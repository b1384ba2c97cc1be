"""Trying changes of the book in the background, with progress, before they are published; and one question at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import moments
from console.access import needs
from console.records import database, me, now
from faq import desk, trained, trial
from faq.trial import Origin, Question
from hrss import book_changes, books, trials
from hrss.database import Database
from hrss.permissions import May
from hrss.tables import Trial

log = structlog.get_logger()

pages = Blueprint("trying", __name__, url_prefix="/book/trials")

_one_at_a_time = threading.Lock()


@pages.post("")
@needs(May.EDIT_BOOK)
def begin() -> Response:
    """Try the open changes that were chosen, all when none was."""
    chosen = request.form.getlist("change")
    with database().transaction() as records:
        version = books.current_version(records) or 0
        bodies = {
            change.entry_id: change.body
            for change in book_changes.open_ones(records)
            if not chosen or change.id in chosen
        }
        begun = trials.begin(records, bodies, version=version, staff=me(), now=now())
    threading.Thread(target=run, args=(database(), begun.id), daemon=True).start()
    return redirect(url_for(".show", trial_id=begun.id))


@pages.get("/<trial_id>")
@needs(May.READ_BOOK)
def show(trial_id: str) -> str:
    return render_template("book/trial.html", **_shown(trial_id))


@pages.get("/<trial_id>/progress")
@needs(May.READ_BOOK)
def progress(trial_id: str) -> str:
    """The part of the page that changes, asked for again and again."""
    return render_template("book/progress.html", **_shown(trial_id))


def run(records: Database, trial_id: str) -> None:
    """Run a trial to its end; one at a time in a process, for each takes a processor."""
    with _one_at_a_time:
        try:
            outcome = _tried(records, trial_id)
        except Exception:
            log.exception("trial.failed", trial=trial_id)
            outcome = None
        with records.transaction() as session:
            trials.end(session, trial_id, outcome, now())


def _tried(records: Database, trial_id: str) -> dict[str, Any]:
    def note(done: int, total: int) -> None:
        with records.transaction() as session:
            trials.step(session, trial_id, done, total, now())

    with records.reading() as session:
        wanted = trials.get(session, trial_id)
        bodies = books.entries(session, wanted.version)
        dialogues = trials.dialogues(session)
        questions = [
            Question(row.text, row.province, row.entry, row.decision, Origin.QUESTION)
            for row in trials.questions(session)
        ]
    today = now().astimezone(moments.BEIJING).date()
    before = desk.book_of(bodies, wanted.version, today)
    after = desk.book_of({**bodies, **wanted.bodies}, wanted.version, today)
    return trial.run(before, after, dialogues, questions, trained.newest(), note, trial.FOLDS).as_dict()


def _shown(trial_id: str) -> Mapping[str, Any]:
    with database().reading() as records:
        found: Trial = trials.get(records, trial_id)
        questions = {id: body["question"] for id, body in books.entries(records, found.version).items()}
    if not found:
        abort(404)
    questions |= {id: body["question"] for id, body in found.bodies.items()}
    return {
        "trial": found,
        "lost": trials.is_lost(found, now()),
        "questions": questions,
        "running": found.state == trials.TrialState.RUNNING.value,
    }
