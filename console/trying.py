"""Trying changes of the book in the background, with progress, before they are published; and one question at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import background
from console.access import needs
from console.records import database, me, now, today
from faq import desk, trained, trial
from faq.trial import Origin, Question
from faq.understanding import Thresholds
from hrss import book_changes, books, trained_models, trials
from hrss.database import Database
from hrss.permissions import May
from hrss.tables import Trial

log = structlog.get_logger()

pages = Blueprint("trying", __name__, url_prefix="/book/trials")


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
        begun = trials.begin(records, bodies, version=version, staff=me(), now=now()).id
    background.begin(run, database(), begun)
    return redirect(url_for(".show", trial_id=begun))


def tried(bodies: Mapping[str, Mapping[str, Any]], note: str) -> Response:
    """Try entries that nobody has saved yet; the page of the trial offers to save them."""
    with database().transaction() as records:
        version = books.current_version(records) or 0
        begun = trials.begin(records, bodies, version=version, note=note, staff=me(), now=now()).id
    background.begin(run, database(), begun)
    return redirect(url_for("trying.show", trial_id=begun))


@pages.post("/<trial_id>/save")
@needs(May.EDIT_BOOK)
def save(trial_id: str) -> Response:
    """Propose what was tried."""
    with database().transaction() as records:
        tried_one = trials.get(records, trial_id)
        for entry_id, body in tried_one.bodies.items():
            desk.propose(records, entry_id, body, note=tried_one.note, staff=me(), now=now())
    return redirect(url_for("book.changes", saved=next(iter(tried_one.bodies), "")))


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
    with background.one_at_a_time:
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
        active = trained_models.active(session)
    before = desk.book_of(bodies, wanted.version, today())
    after = desk.book_of({**bodies, **wanted.bodies}, wanted.version, today())
    model = trained.answering(active.model)
    other = trained.chosen(wanted.model_id) if wanted.model_id else model
    thresholds = Thresholds.moved(active.thresholds)
    return trial.run(
        before, after, dialogues, questions, model, note, trial.FOLDS, other=other, thresholds=thresholds
    ).as_dict()


def _shown(trial_id: str) -> Mapping[str, Any]:
    with database().reading() as records:
        found: Trial = trials.get(records, trial_id)
        bodies = books.entries(records, found.version)
        open_ones = {change.entry_id: change.body for change in book_changes.open_ones(records)}
        current = books.current_version(records)
    questions = {entry_id: body["question"] for entry_id, body in {**bodies, **found.bodies}.items()}
    return {
        "trial": found,
        "lost": trials.is_lost(found, now()),
        "questions": questions,
        "unsaved": current == found.version
        and any(open_ones.get(entry_id) != body for entry_id, body in found.bodies.items()),
        "collisions": [
            (entry_id, each)
            for entry_id, body in found.bodies.items()
            for each in desk.new_collisions(bodies, entry_id, body)
        ],
        "running": found.state == trials.TrialState.RUNNING.value,
    }
