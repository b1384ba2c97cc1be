"""What is noted of a turn for staff: which flow it took further, what that asks next, or how it ended."""

from __future__ import annotations

from typing import Any

from actions.flow import Run, Step
from hrss import flow_steps


class Noted:
    """Passes sentences on, and remembers which: they tell how a flow ended."""

    def __init__(self, say: Any) -> None:
        self._say = say
        self._said: list[str] = []

    def __call__(self, response: str, **facts: Any) -> None:
        self._said.append(response)
        self._say(response, **facts)

    def note(self, step: Step, begun: Run) -> None:
        """Note where this turn left the run that it found, or began."""
        if begun.stem is None:
            return
        run = step.run
        ended = None if run.stem == begun.stem else self._how_it_ended()
        flow_steps.note(
            step.session,
            step.conversation_id,
            turn_id=step.turn,
            run_id=begun.id,
            flow=begun.stem,
            asked=None if ended else run.asked,
            ended=ended,
            refused=self._refused(),
            known=(run if run.stem else begun).values,
            now=step.now,
        )

    def _refused(self) -> str | None:
        keys = [
            name.removeprefix("utter_refused_") for name in self._said if name.startswith("utter_refused_")
        ]
        return keys[-1] if keys else None

    def _how_it_ended(self) -> str:
        if "utter_flow_cancelled" in self._said:
            return "cancelled"
        if "utter_flow_given_up" in self._said:
            return "given_up"
        return "refused" if self._refused() else "done"
