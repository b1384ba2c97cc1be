"""Trials of changes of the book: what was tried, how far it is, what came out; and the questions asked in each."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import books, permissions, trained_models
from hrss.errors import NothingChanged, TrialUnknown
from hrss.permissions import May
from hrss.reviews import masked
from hrss.tables import Regression, SavedQuestion, Trial

SILENT = timedelta(minutes=10)  # one that has not shown itself for so long was left by a process that ended
LONGEST = 200  # characters of a saved question


class TrialState(str, Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def begin(
    session: Session,
    changes: Mapping[str, Mapping[str, Any]],
    *,
    version: int,
    note: str = "",
    staff: str,
    now: datetime,
) -> Trial:
    """Begin to try entries (their bodies, by id) against a version of the book; `note` says why they change."""
    if all(books.body(session, entry_id, version) == body for entry_id, body in changes.items()):
        raise NothingChanged()
    return _begun(session, changes, None, version=version, note=note, staff=staff, now=now)


def begin_with_model(session: Session, model_id: str, *, version: int, staff: str, now: datetime) -> Trial:
    """Begin to try a model, in the place of the one that answers, with the book as it is."""
    trained_models.ready(session, model_id)
    return _begun(session, {}, model_id, version=version, note="", staff=staff, now=now)


def _begun(
    session: Session,
    changes: Mapping[str, Mapping[str, Any]],
    model_id: str | None,
    *,
    version: int,
    note: str,
    staff: str,
    now: datetime,
) -> Trial:
    permissions.require(session, staff, May.EDIT_BOOK)
    trial = Trial(
        id=secrets.token_hex(8),
        version=version,
        bodies={entry_id: dict(body) for entry_id, body in changes.items()},
        model_id=model_id,
        note=note.strip()[:LONGEST],
        made_by=staff,
        made_at=now,
        seen_at=now,
        state=TrialState.RUNNING.value,
        done=0,
        total=1,
    )
    session.add(trial)
    session.flush()
    return trial


def step(session: Session, trial_id: str, done: int, total: int, now: datetime) -> None:
    trial = get(session, trial_id)
    trial.done, trial.total, trial.seen_at = done, total, now


def end(session: Session, trial_id: str, outcome: Mapping[str, Any] | None, now: datetime) -> None:
    """Keep what came out; None when it failed."""
    trial = get(session, trial_id)
    trial.state = (TrialState.FAILED if outcome is None else TrialState.DONE).value
    trial.outcome, trial.seen_at = dict(outcome) if outcome is not None else None, now


def get(session: Session, trial_id: str) -> Trial:
    trial = session.get(Trial, trial_id)
    if trial is None:
        raise TrialUnknown()
    return trial


def is_lost(trial: Trial, now: datetime) -> bool:
    return trial.state == TrialState.RUNNING.value and now - trial.seen_at > SILENT


def of_changes(session: Session, changes: Mapping[str, Mapping[str, Any]]) -> Trial | None:
    """The newest trial of exactly these changes."""
    newest = select(Trial).order_by(desc(Trial.made_at)).limit(20)
    return next((trial for trial in session.scalars(newest) if trial.bodies == changes), None)


def save_question(
    session: Session,
    text: str,
    *,
    province: str | None,
    decision: str,
    entry: str | None,
    staff: str,
    now: datetime,
) -> None:
    """Keep a question that every trial asks, with what is right; the question again keeps the new one."""
    permissions.require(session, staff, May.EDIT_BOOK)
    text = masked(text.strip())[:LONGEST]
    row = session.scalar(
        select(SavedQuestion).where(SavedQuestion.text == text, SavedQuestion.province == province)
    ) or SavedQuestion(text=text, province=province)
    row.decision, row.entry, row.made_by, row.made_at = decision, entry, staff, now
    session.add(row)
    session.flush()


def questions(session: Session) -> Sequence[SavedQuestion]:
    return session.scalars(select(SavedQuestion).order_by(SavedQuestion.id)).all()


def dialogues(session: Session) -> list[dict[str, Any]]:
    """The conversations that staff made tests of."""
    return [row.body for row in session.scalars(select(Regression).order_by(Regression.made_at))]
