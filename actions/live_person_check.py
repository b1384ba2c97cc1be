"""法人实人认证: the register is compared first, then 粤信签 recognises the legal representative (U9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import operators
from actions.flow import Field, Flow, Step
from hrss import live_person
from hrss.accounts import masked_name
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.identifiers import parse_personal_number


class LivePersonCheck(Flow):
    stem = "live_person_check"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field(
            "representative_certificate",
            ("certificate",),
            parse=parse_personal_number,
            prepare=_compare,
            check=_check,
        )

    def allowed(self, step: Step) -> None:
        operators.with_account(step, Act.CHECK_LIVE_PERSON)

    def act(self, step: Step) -> None:
        step.say("utter_live_person_check_passed")


def _compare(step: Step) -> dict[str, str]:
    ours = live_person.compare(step.session, step.hall, step.conversation_id, now=step.now)
    return {"organization": ours.name, "representative": masked_name(ours.legal_representative)}


def _check(step: Step, certificate: str) -> Checked:
    return live_person.check(
        step.session,
        step.hall,
        step.conversation_id,
        certificate=certificate,
        key=step.key_of_try("live person"),
        now=step.now,
    )
