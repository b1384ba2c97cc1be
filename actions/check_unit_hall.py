"""河南单位网厅: at which step an organization stands, and what is next (H1, H2, H4, H5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.flow import Begin, Field, Flow, Step, ways
from hrss import org_portals
from hrss.identifiers import parse_uscc

USCC = Field("org_number", ("org_number",), parse=parse_uscc, remember=True)


class CheckUnitHall(Flow):
    stem = "check_unit_hall"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("usb_key", choices=ways("usb_key"))
        if known.get("usb_key") != "yes":
            yield USCC
            yield proving.PHONE

    def act(self, step: Step) -> Begin | None:
        if step.run.values["usb_key"] == "yes":
            step.say("utter_check_unit_hall_usb_key")
            return None
        standing = org_portals.check(
            step.session,
            step.hall,
            step.conversation_id,
            uscc=step.value("org_number"),
            phone=step.value("phone"),
            key=step.key("check"),
            now=step.now,
        )
        step.say(f"utter_check_unit_hall_{standing.step.value}")
        return None
