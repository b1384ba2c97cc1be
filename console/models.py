"""Trained models: measured, compared, activated, rolled back; and how well questions were answered week by week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console import background, trying
from console.access import needs
from console.records import database, me, now, today
from faq import desk, quality, trained
from faq.ranking import Ranker
from faq.trained import Trained
from faq.understanding import Thresholds, book_examples
from hrss import books, relevance, trained_models, trials
from hrss.database import Database
from hrss.permissions import May
from hrss.trained_models import ModelState

MOVED = ("sure", "likely", "lead")  # the thresholds at which an entry is answered
KEPT = 8  # files of the newest models, and of those that were activated last
PICTURED = 16  # labels of the picture of confusions

log = structlog.get_logger()

pages = Blueprint("models", __name__, url_prefix="/book/models")


class Cell(NamedTuple):
    """How often the label of a row was taken for that of a column; `shade` from 1 to 5."""

    row: int
    column: int
    times: int
    shade: int


@pages.get("")
@needs(May.READ_BOOK)
def index() -> str:
    with database().reading() as records:
        models = trained_models.all_of(records)
        return render_template(
            "book/models.html",
            models=models,
            here={model.id for model in models if trained.is_here(model.id)},
            active=trained_models.active(records),
            activations=trained_models.activations(records),
            weeks=relevance.by_week(records, now()),
            figures={model.id: quality.at(model.report, Thresholds()) for model in models if model.report},
            lost={model.id for model in models if trained_models.is_lost(model, now())},
        )


@pages.post("")
@needs(May.EDIT_BOOK)
def train() -> Response:
    """Train a model on the published book, and measure it."""
    with database().transaction() as records:
        version = books.current_version(records) or 0
        model_id = trained_models.begin(records, version, staff=me(), now=now()).id
    background.begin(run, database(), model_id)
    return redirect(url_for(".show", model_id=model_id))


@pages.get("/<model_id>")
@needs(May.READ_BOOK)
def show(model_id: str) -> str:
    return render_template("book/model.html", **_shown(model_id))


@pages.get("/<model_id>/progress")
@needs(May.READ_BOOK)
def progress(model_id: str) -> str:
    """The part of the page that changes while it is measured."""
    return render_template("book/report.html", **_shown(model_id))


@pages.post("/<model_id>/measure")
@needs(May.EDIT_BOOK)
def measure(model_id: str) -> Response:
    with database().transaction() as records:
        trained_models.measure(records, model_id, staff=me(), now=now())
    background.begin(run, database(), model_id)
    return redirect(url_for(".show", model_id=model_id))


@pages.post("/<model_id>/try")
@needs(May.EDIT_BOOK)
def try_out(model_id: str) -> Response:
    """Ask what staff have saved of this model and of the one that answers."""
    with database().transaction() as records:
        version = books.current_version(records) or 0
        begun = trials.begin_with_model(records, model_id, version=version, staff=me(), now=now()).id
    background.begin(trying.run, database(), begun)
    return redirect(url_for("trying.show", trial_id=begun))


@pages.post("/<model_id>/activate")
@needs(May.EDIT_BOOK)
def activate(model_id: str) -> Response:
    with database().transaction() as records:
        trained_models.activate(
            records,
            model_id,
            _moved(_thresholds(request.form)),
            note=request.form.get("reason", ""),
            staff=me(),
            now=now(),
        )
    return redirect(url_for(".index", activated=model_id))


@pages.post("/activations/<int:number>/again")
@needs(May.EDIT_BOOK)
def again(number: int) -> Response:
    """Let what answered before answer again."""
    with database().transaction() as records:
        row = trained_models.activation(records, number)
        note = request.form.get("reason", "")
        trained_models.activate(records, row.model_id, row.thresholds, note=note, staff=me(), now=now())
    return redirect(url_for(".index", activated=row.model_id))


def run(records: Database, model_id: str) -> None:
    """Train a model that is to be trained, and measure it, to the end."""
    with background.one_at_a_time:
        try:
            report = _measured(records, model_id)
        except Exception:
            log.exception("model.failed", model=model_id)
            report = None
        with records.transaction() as session:
            trained_models.end(session, model_id, report, now())
            lately = [row.model_id for row in trained_models.activations(session, KEPT)]
            trained.forget({*lately, *(model.id for model in trained_models.all_of(session, KEPT))})


def _measured(records: Database, model_id: str) -> dict[str, Any]:
    with records.reading() as session:
        model = trained_models.get(session, model_id)
        to_train = model.state == ModelState.TRAINING.value
        version = model.version if to_train else books.current_version(session)
        book = desk.book_of(books.entries(session, version or 0), version, today())
        active = trained_models.active(session)
    steps = quality.FOLDS + 1

    def note(done: int, state: ModelState = ModelState.MEASURING) -> None:
        with records.transaction() as session:
            trained_models.step(session, model_id, done, steps, state, now())

    if to_train:
        note(0, ModelState.TRAINING)
        base = trained.answering(active.model)
        ranker = Ranker().fit([*base.dialogue, *book_examples(book)], base.ranker.vectors)
        trained.save(Trained(ranker, base.dialogue, book.digest), model_id)
    note(1)
    return quality.measure(
        book,
        trained.chosen(model_id),
        lambda done, _: note(done + 1),
        quality.FOLDS,
        Thresholds.moved(active.thresholds),
    ).as_dict()


def _shown(model_id: str) -> Mapping[str, Any]:
    with database().reading() as records:
        model = trained_models.get(records, model_id)
        active = trained_models.active(records)
        bodies = books.entries(records, books.current_version(records) or 0)
    answering = Thresholds.moved(active.thresholds)
    thresholds = _thresholds(request.args, answering)
    report = model.report
    labels, cells = _picture(report["confused"]) if report else ([], [])
    return {
        "model": model,
        "active": active,
        "here": trained.is_here(model_id),
        "lost": trained_models.is_lost(model, now()),
        "running": model.state in trained_models.BUSY,
        "questions": {entry_id: body["question"] for entry_id, body in bodies.items()},
        "report": report,
        "answering": answering,
        "thresholds": thresholds,
        "figures": quality.at(report, answering) if report else None,
        "moved": quality.at(report, thresholds) if report and thresholds != answering else None,
        "curve": quality.curve(report) if report else [],
        "weakest": sorted(report["entries"].items(), key=_rightly) if report else [],
        "pictured": labels,
        "cells": cells,
    }


def _rightly(row: tuple[str, Sequence[int]]) -> float:
    """Which share of an entry's phrases was answered rightly."""
    asked, right, *_ = row[1]
    return right / asked if asked else 1.0


def _picture(confused: Sequence[tuple[str, str, int]]) -> tuple[list[str], list[Cell]]:
    """The labels that are confused most, and a cell for each pair of them."""
    often: Counter[str] = Counter()
    for wanted, given, times in confused:
        often[wanted] += times
        often[given] += times
    labels = sorted(label for label, _ in often.most_common(PICTURED))
    most = max((times for _, _, times in confused), default=1)
    return labels, [
        Cell(labels.index(wanted), labels.index(given), times, max(1, round(5 * times / most)))
        for wanted, given, times in confused
        if wanted in labels and given in labels
    ]


def _thresholds(given: Mapping[str, str], default: Thresholds | None = None) -> Thresholds:
    """The thresholds of a form; those that it leaves empty are as they are."""
    default = default or Thresholds()
    found = {}
    for name in MOVED:
        try:
            found[name] = float(given.get(name) or vars(default)[name])
        except ValueError:
            abort(400)
        if not 0 <= found[name] <= 1:
            abort(400)
    return Thresholds(**{**vars(default), **found})


def _moved(thresholds: Thresholds) -> dict[str, float]:
    """Those that are not the program's own."""
    own = vars(Thresholds())
    return {name: value for name, value in vars(thresholds).items() if value != own[name]}
