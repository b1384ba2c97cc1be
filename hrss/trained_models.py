"""Trained models: which there are, what came out when they were measured, and which of them answers since when."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from hrss import audit, permissions
from hrss.database import lock
from hrss.errors import ModelUnknown, VersionUnknown
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.tables import ModelActivation, TrainedModel

SILENT = timedelta(minutes=10)  # one that has not shown itself for so long was left by a process that ended
LONGEST_NOTE = 500


class ModelState(str, Enum):
    TRAINING = "training"
    MEASURING = "measuring"  # it could answer already
    READY = "ready"
    FAILED = "failed"


BUSY = frozenset({ModelState.TRAINING.value, ModelState.MEASURING.value})


@dataclass(frozen=True)
class Active:
    """What answers: a model, none where nothing was installed yet, and the thresholds that staff have moved."""

    model: str | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)


def install(session: Session, model_id: str, *, now: datetime) -> None:
    """Note the model that came with the installation; one that is not known yet answers from now on."""
    lock(session, "models")
    if session.get(TrainedModel, model_id) is None:
        ready = ModelState.READY.value
        session.add(TrainedModel(id=model_id, made_at=now, seen_at=now, state=ready, done=0, total=1))
        session.flush()
        session.add(ModelActivation(model_id=model_id, thresholds={}, activated_at=now, note=""))
        session.flush()


def active(session: Session) -> Active:
    newest = session.scalar(select(ModelActivation).order_by(desc(ModelActivation.number)).limit(1))
    return Active(newest.model_id, newest.thresholds) if newest else Active()


def begin(session: Session, version: int, *, staff: str, now: datetime) -> TrainedModel:
    """Begin to train a model on a version of the book."""
    permissions.require(session, staff, May.EDIT_BOOK)
    if not version:
        raise VersionUnknown(version=version)  # nothing was published yet
    model = TrainedModel(
        id=secrets.token_hex(8),
        version=version,
        made_by=staff,
        made_at=now,
        seen_at=now,
        state=ModelState.TRAINING.value,
    )
    session.add(model)
    session.flush()
    _record(session, "model.trained", model.id, staff, now, version=version)
    return model


def measure(session: Session, model_id: str, *, staff: str, now: datetime) -> None:
    """Begin to measure a model that is there."""
    permissions.require(session, staff, May.EDIT_BOOK)
    model = ready(session, model_id)
    model.state, model.done, model.seen_at = ModelState.MEASURING.value, 0, now


def step(session: Session, model_id: str, done: int, total: int, state: ModelState, now: datetime) -> None:
    model = get(session, model_id)
    model.done, model.total, model.state, model.seen_at = done, total, state.value, now


def end(session: Session, model_id: str, report: Mapping[str, Any] | None, now: datetime) -> None:
    """Keep what came out; None when it failed, which leaves a model that was trained before as it was."""
    model = get(session, model_id)
    was_trained = model.state != ModelState.TRAINING.value
    model.state = (ModelState.READY if was_trained else ModelState.FAILED).value
    model.report, model.seen_at = dict(report) if report is not None else model.report, now


def activate(
    session: Session, model_id: str, thresholds: Mapping[str, float], *, note: str, staff: str, now: datetime
) -> None:
    """Let a model answer at these thresholds, in every process that has its file."""
    permissions.require(session, staff, May.EDIT_BOOK)
    lock(session, "models")
    ready(session, model_id)
    row = ModelActivation(
        model_id=model_id,
        thresholds=dict(thresholds),
        activated_by=staff,
        activated_at=now,
        note=note.strip()[:LONGEST_NOTE],
    )
    session.add(row)
    moved = ", ".join(f"{name} {value:g}" for name, value in sorted(thresholds.items()))
    _record(session, "model.activated", model_id, staff, now, note=row.note, thresholds=moved)


def get(session: Session, model_id: str) -> TrainedModel:
    model: TrainedModel | None = session.get(TrainedModel, model_id)
    if model is None:
        raise ModelUnknown()
    return model


def ready(session: Session, model_id: str) -> TrainedModel:
    """A model that could answer."""
    model = get(session, model_id)
    if model.state in (ModelState.TRAINING.value, ModelState.FAILED.value):
        raise ModelUnknown()
    return model


def all_of(session: Session, limit: int = 50) -> Sequence[TrainedModel]:
    return session.scalars(select(TrainedModel).order_by(desc(TrainedModel.made_at)).limit(limit)).all()


def activations(session: Session, limit: int = 50) -> Sequence[ModelActivation]:
    return session.scalars(select(ModelActivation).order_by(desc(ModelActivation.number)).limit(limit)).all()


def activation(session: Session, number: int) -> ModelActivation:
    row: ModelActivation | None = session.get(ModelActivation, number)
    if row is None:
        raise ModelUnknown()
    return row


def is_lost(model: TrainedModel, now: datetime) -> bool:
    return model.state in BUSY and now - model.seen_at > SILENT


def _record(session: Session, did: str, model_id: str, staff: str, now: datetime, **facts: Any) -> None:
    audit.record(session, did, Subject(SubjectKind.MODEL, model_id), now=now, staff=staff, **facts)
    session.flush()
