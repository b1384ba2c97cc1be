"""解除绑定: an operator at once, a primary contact after another one is named (B3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Begin, Field, Flow, Step
from hrss import bindings
from hrss.authority import Act
from hrss.errors import NoSuchOperator


class ReleaseBinding(Flow):
    stem = "release_binding"
    confirm = "confirm_releasing"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("operator", own_choices=operators.people(lambda each: True), prepare=_some, anywhere=True)

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.RELEASE_BINDING)

    def first(self, step: Step) -> Begin | None:
        leaving = operators.operator(step, "operator")
        if leaving is None or not leaving.is_primary_contact:
            return None
        step.say("utter_refused_contact_must_be_replaced")
        return Begin("name_main_contact", {"leaving": leaving.person_id})

    def summary(self, step: Step) -> dict[str, str]:
        leaving = _leaving(step)
        return {
            "name": leaving.name,
            "certificate": leaving.certificate,
            "businesses": operators.businesses(leaving),
        }

    def act(self, step: Step) -> None:
        leaving = _leaving(step)
        bindings.release(
            step.session,
            step.hall,
            step.conversation_id,
            person_id=leaving.person_id,
            key=step.key("release"),
            now=step.now,
        )
        step.say("utter_release_binding_done", operator=leaving.name)


def _leaving(step: Step) -> operators.Operator:
    leaving = operators.operator(step, "operator")
    if leaving is None:
        raise NoSuchOperator()
    return leaving


def _some(step: Step) -> dict[str, str]:
    if not operators.operators(step):
        raise NoSuchOperator()
    return {}
