"""查单位（或个人）是否已注册: what the hall's own registration page reveals, and no more (U7, R10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions.flow import Field, Flow, Step, ways
from actions.proving import CERTIFICATE, ORG_NUMBER
from hrss import registration
from hrss.subjects import SubjectKind


class CheckRegistration(Flow):
    stem = "check_registration"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("number_kind", choices=ways("number_kind"))
        yield CERTIFICATE if known.get("number_kind") == "person" else ORG_NUMBER

    def act(self, step: Step) -> None:
        kind = SubjectKind(step.run.values["number_kind"])
        number = step.value("certificate" if kind is SubjectKind.PERSON else "org_number")
        found = registration.check(
            step.session,
            step.hall,
            step.conversation_id,
            province=step.province,
            kind=kind,
            number=number,
            key=step.key("check"),
            now=step.now,
        )
        used = "used" if found.used else "free"
        step.say(f"utter_check_registration_{kind.value}_{used}")
