"""Where each turn left a flow: for staff, who see it beside the turn, and for the funnel of the overview."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hrss import kept_days
from hrss.tables import FlowStep, Turn


def note(
    session: Session,
    conversation_id: str,
    *,
    turn_id: str,
    run_id: str,
    flow: str,
    asked: str | None,
    ended: str | None,
    refused: str | None,
    known: Mapping[str, str],
    now: datetime,
) -> None:
    """
    Note what the flow asks next, or how it ended; `known` has tokens in the place of personal values.

    A turn that is done again after a crash replaces its note. What is no turn of a channel (a shell) leaves none.
    """
    if session.get(Turn, turn_id) is None:
        return
    earlier = select(FlowStep).where(FlowStep.run_id == run_id, FlowStep.is_last, FlowStep.turn_id != turn_id)
    for step in session.scalars(earlier):
        step.is_last = False
        kept_days.forget(session, step.at, now)
    session.merge(
        FlowStep(
            turn_id=turn_id,
            conversation_id=conversation_id,
            run_id=run_id,
            flow=flow,
            asked=asked,
            ended=ended,
            refused=refused,
            known=dict(known),
            at=now,
            is_last=True,
        )
    )
