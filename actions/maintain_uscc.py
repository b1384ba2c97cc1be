"""维护统一社会信用代码: the appointment at the counter, within its limits (H3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.check_unit_hall import USCC
from actions.flow import Begin, Field, Flow, Step
from hrss import org_portals
from hrss.accounts import masked_name
from hrss.identifiers import Kind, mask, parse_phone


class MaintainUscc(Flow):
    stem = "maintain_uscc"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield USCC
        yield proving.ORG_NAME
        yield proving.NAME
        yield proving.PHONE

    def summary(self, step: Step) -> dict[str, str] | None:
        values = step.run.values
        return {
            "organization": f"{values['org_name']}（{values['org_number']}）",
            "name": masked_name(values["person_name"]),
            "phone": mask(Kind.PHONE, parse_phone(step.value("phone"))),
        }

    def act(self, step: Step) -> Begin | None:
        booked = org_portals.book(
            step.session,
            step.hall,
            step.conversation_id,
            uscc=step.value("org_number"),
            org_name=step.value("org_name"),
            operator_name=step.value("person_name"),
            phone=step.value("phone"),
            key=step.key("booking"),
            now=step.now,
        )
        told = "already" if booked.already_open else "booked"
        step.say(f"utter_maintain_uscc_{told}", number=booked.number, left=str(booked.left))
        return None
