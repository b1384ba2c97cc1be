"""设置常用联系人: one of the operators, in the place of the one there is (U3, B3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Begin, Field, Flow, Step
from hrss import bindings
from hrss.authority import Act
from hrss.errors import NoSuchOperator

could_be = operators.people(lambda each: each.has_accepted and not each.is_primary_contact)


class NameMainContact(Flow):
    stem = "name_main_contact"
    confirm = "confirm_naming"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("new_contact", own_choices=could_be, prepare=_some, anywhere=True)

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.NAME_PRIMARY_CONTACT)

    def summary(self, step: Step) -> dict[str, str]:
        now = next((each.name for each in operators.operators(step) if each.is_primary_contact), "—")
        return {"contact": now, "name": _named(step).name}

    def act(self, step: Step) -> Begin | None:
        named = _named(step)
        bindings.name_primary_contact(
            step.session,
            step.hall,
            step.conversation_id,
            person_id=named.person_id,
            key=step.key("contact"),
            now=step.now,
        )
        step.say("utter_name_main_contact_done", operator=named.name)
        leaving = step.run.values.get("leaving")
        return Begin("release_binding", {"operator": leaving}) if leaving else None


def _named(step: Step) -> operators.Operator:
    named = operators.operator(step, "new_contact")
    if named is None:
        raise NoSuchOperator()
    return named


def _some(step: Step) -> dict[str, str]:
    if not could_be(step):
        raise NoSuchOperator()
    return {}
