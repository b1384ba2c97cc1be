"""The cases of staff as a queue: what is due first, and whose it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, desc, func, literal, select, tuple_
from sqlalchemy.orm import Session

from hrss import workdays
from hrss.case_states import DECIDED, CaseKind, CaseState
from hrss.tables import Case

NO_DAY = date.max
WAITING = frozenset({CaseState.SUBMITTED, CaseState.UNDER_REVIEW})


@dataclass(frozen=True)
class Wanted:
    """Which cases; `state` is waiting, returned, decided or all. What is None excludes nothing."""

    state: str = "waiting"
    kind: CaseKind | None = None
    taken_by: str | None = None
    untaken: bool = False


@dataclass(frozen=True)
class Queued:
    """A case on one line. `days_left` counts working days and is negative when it is overdue."""

    number: str
    kind: CaseKind
    state: CaseState
    outcome: CaseState | None
    province: str | None
    submitted_at: datetime
    due_on: date | None
    days_left: int | None
    taken_by: str | None


class Place(NamedTuple):
    """A case's place in the list. `due_on` counts among those that wait, and is the last day of all for those without."""

    due_on: date
    submitted_at: datetime
    number: str


@dataclass(frozen=True)
class Page:
    """Some cases, and the place after which the others begin, if there are any."""

    cases: tuple[Queued, ...]
    following: Place | None


def page(
    session: Session, wanted: Wanted, *, now: datetime, after: Place | None = None, limit: int = 100
) -> Page:
    """What waits, the most overdue first and what has no day last; or else the newest first. From `after` on."""
    due_on = func.coalesce(Case.due_on, literal(NO_DAY, Date))
    chosen = select(Case).where(*_conditions(wanted)).limit(limit + 1)
    if wanted.state == "waiting":
        chosen = chosen.order_by(due_on, Case.submitted_at, Case.number)
        if after is not None:
            chosen = chosen.where(tuple_(due_on, Case.submitted_at, Case.number) > tuple_(*after))
    else:
        chosen = chosen.order_by(desc(Case.submitted_at), desc(Case.number))
        if after is not None:
            chosen = chosen.where(tuple_(Case.submitted_at, Case.number) < tuple_(*after[1:]))
    rows = session.scalars(chosen).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        tuple(_queued(row, now) for row in rows[:limit]),
        Place(last.due_on or NO_DAY, last.submitted_at, last.number) if last else None,
    )


def waiting_by_kind(session: Session) -> dict[CaseKind, int]:
    counted = select(Case.kind, func.count()).where(Case.state.in_(_values(WAITING))).group_by(Case.kind)
    return {CaseKind(kind): count for kind, count in session.execute(counted)}


def days_left(due_on: date | None, state: CaseState, now: datetime) -> int | None:
    """Working days until it is due; None where it has no day, or staff are not the ones to act."""
    return workdays.left(due_on, now) if due_on and state in WAITING else None


def _conditions(wanted: Wanted) -> Iterable[Any]:
    states = {"waiting": WAITING, "returned": {CaseState.RETURNED}, "decided": DECIDED}
    if wanted.state in states:
        yield Case.state.in_(_values(states[wanted.state]))
    if wanted.kind is not None:
        yield Case.kind == wanted.kind.value
    if wanted.taken_by is not None:
        yield Case.taken_by == wanted.taken_by
    if wanted.untaken:
        yield Case.taken_by.is_(None)


def _values(states: Iterable[CaseState]) -> list[str]:
    return [state.value for state in states]


def _queued(case: Case, now: datetime) -> Queued:
    return Queued(
        number=case.number,
        kind=CaseKind(case.kind),
        state=CaseState(case.state),
        outcome=CaseState(case.outcome) if case.outcome else None,
        province=case.province,
        submitted_at=case.submitted_at,
        due_on=case.due_on,
        days_left=days_left(case.due_on, CaseState(case.state), now),
        taken_by=case.taken_by,
    )
