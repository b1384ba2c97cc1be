"""选择单位办事: the organization that a person acts for, remembered for the conversation (B5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step
from hrss import acting


class ActForUnit(Flow):
    stem = "act_for_unit"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field(
            "parent", own_choices=operators.offered(operators.organizations), prepare=_now, anywhere=True
        )

    def allowed(self, step: Step) -> None:
        operators.as_operator(step)

    def act(self, step: Step) -> None:
        chosen = acting.choose(
            step.session,
            step.hall,
            step.conversation_id,
            account_id=step.run.values["parent"],
            key=step.key("choice"),
            now=step.now,
        )
        found = operators.organization(step, chosen.account_id)
        if found:
            step.say(
                "utter_act_for_unit_chosen",
                organization=found.name,
                businesses=operators.businesses(found),
            )


def _now(step: Step) -> dict[str, str]:
    chosen = acting.chosen(step.session, step.conversation_id, now=step.now)
    return {"organization": chosen.name if chosen else "—"}
