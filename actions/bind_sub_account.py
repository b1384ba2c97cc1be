"""发起绑定: the organization asks a person to be its operator (B1, U8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step
from actions.proving import PERSON_NAME
from hrss import bindings
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.identifiers import mask, parse_personal_number


class BindSubAccount(Flow):
    stem = "bind_sub_account"
    confirm = "confirm_sending"
    remarks = "remarks_bind_sub_account"
    follow_ups = "after_bind_sub_account"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("operator_name", ("person_name",), free=PERSON_NAME, check=_compare_name)
        yield Field("operator_certificate", ("certificate",), parse=parse_personal_number, check=_compare)

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.REQUEST_BINDING)

    def summary(self, step: Step) -> dict[str, str]:
        kind, certificate = parse_personal_number(step.value("operator_certificate"))
        return {"name": step.run.values["operator_name"], "certificate": mask(kind, certificate)}

    def act(self, step: Step) -> None:
        bindings.request(
            step.session,
            step.hall,
            step.conversation_id,
            name=step.run.values["operator_name"],
            certificate=step.value("operator_certificate"),
            key=step.key("request"),
            now=step.now,
        )
        step.say("utter_bind_sub_account_requested", operator=step.run.values["operator_name"])


def _compare_name(step: Step, name: str) -> Checked:
    if "operator_certificate" not in step.run.values:
        return Checked()
    return _compared(step, name, step.value("operator_certificate"))


def _compare(step: Step, certificate: str) -> Checked:
    return _compared(step, step.run.values.get("operator_name"), certificate)


def _compared(step: Step, name: str | None, certificate: str) -> Checked:
    return bindings.compare(
        step.session,
        step.hall,
        step.conversation_id,
        name=name,
        certificate=certificate,
        key=step.key_of_try(f"compare {name}"),
        now=step.now,
    )
