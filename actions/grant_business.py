"""授权业务: which operator may do which business, given and withdrawn (B4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step, ways
from hrss import grants
from hrss.authority import Act, Business
from hrss.errors import NoSuchOperator

accepted = operators.people(lambda each: each.has_accepted)


class GrantBusiness(Flow):
    stem = "grant_business"
    confirm = "confirm_granting"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("change", choices=ways("change"), anywhere=True)
        yield Field("operator", own_choices=accepted, prepare=_some, anywhere=True)
        yield Field("business", choices=ways("business"), anywhere=True)

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.GRANT_BUSINESS)

    def summary(self, step: Step) -> dict[str, str]:
        change = next(way.label for way in ways("change") if way.value == step.run.values["change"])
        return {
            "change": change,
            "name": _operator(step).name,
            "business": Business(step.run.values["business"]).label,
            "businesses": operators.businesses(_operator(step)),
        }

    def act(self, step: Step) -> None:
        chosen, change = _operator(step), step.run.values["change"]
        business = Business(step.run.values["business"])
        do = grants.give if change == "give" else grants.withdraw
        do(
            step.session,
            step.hall,
            step.conversation_id,
            person_id=chosen.person_id,
            business=business,
            key=step.key(change),
            now=step.now,
        )
        step.say(f"utter_grant_business_{change}", operator=chosen.name, business=business.label)


def _operator(step: Step) -> operators.Operator:
    chosen = operators.operator(step, "operator")
    if chosen is None:
        raise NoSuchOperator()
    return chosen


def _some(step: Step) -> dict[str, str]:
    if not accepted(step):
        raise NoSuchOperator()
    return {}
