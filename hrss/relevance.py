"""How well questions were answered, week by week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from hrss.tables import Feedback, Turn, Verdict
from hrss.workdays import BEIJING

WEEK = timedelta(days=7)
DECIDED = ("answer", "which", "none")


@dataclass(frozen=True)
class Week:
    """
    Questions of a week from its Monday, by what was decided; `helpful` of `rated` answers; what reviewers gave, of five.

    `sureness` is the mean probability of what was answered by rank.
    """

    monday: date
    answered: int
    asked_back: int
    unanswered: int
    rated: int
    helpful: int
    reviewed: int
    quality: float | None
    sureness: float | None

    @property
    def asked(self) -> int:
        return self.answered + self.asked_back + self.unanswered


def by_week(session: Session, now: datetime, weeks: int = 12) -> Sequence[Week]:
    """The newest week last; a question for each, so that an index answers it."""
    today = now.astimezone(BEIJING).date()
    this_monday = today - timedelta(days=today.weekday())
    return [_week(session, this_monday - number * WEEK) for number in range(weeks - 1, -1, -1)]


def _week(session: Session, monday: date) -> Week:
    since = datetime.combine(monday, datetime.min.time(), BEIJING)
    inside = and_(Turn.received_at >= since, Turn.received_at < since + WEEK)
    decisions = dict(
        session.execute(
            select(Turn.decision, func.count())
            .where(inside, Turn.decision.in_(DECIDED))
            .group_by(Turn.decision)
        ).all()
    )
    sureness = session.scalar(
        select(func.avg(Turn.confidence)).where(inside, Turn.decision == "answer", Turn.stage == "rank")
    )
    rated = dict(
        session.execute(
            select(Feedback.helpful, func.count())
            .where(Feedback.at >= since, Feedback.at < since + WEEK)
            .group_by(Feedback.helpful)
        ).all()
    )
    reviewed, quality = session.execute(
        select(func.count(), func.avg(Verdict.quality)).where(Verdict.at >= since, Verdict.at < since + WEEK)
    ).one()
    return Week(
        monday=monday,
        answered=decisions.get("answer", 0),
        asked_back=decisions.get("which", 0),
        unanswered=decisions.get("none", 0),
        rated=sum(rated.values()),
        helpful=rated.get(True, 0),
        reviewed=reviewed,
        quality=float(quality) if quality is not None else None,
        sureness=float(sureness) if sureness is not None else None,
    )
