"""查实名等级: the level reached, the level needed, and how to get there; a person's (P2, P3), an organization's (U4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.flow import Field, Flow, Step, ways
from hrss import levels
from hrss.authority import Act
from hrss.levels import Purpose


class CheckRealNameLevel(Flow):
    stem = "check_real_name_level"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field("subject", choices=ways("subject"))
        if known.get("subject") == "person":
            yield Field("purpose", choices=ways("purpose"))
            yield from proving.by_phone(Act.SEE_LEVEL)
        else:
            yield Field("purpose", choices=ways("purpose_org"), question="utter_ask_purpose_org")
            yield from proving.by_primary_contact(Act.SEE_LEVEL)

    def act(self, step: Step) -> None:
        subject, purpose = step.run.values["subject"], Purpose(step.run.values["purpose"])
        if subject == "person":
            level = levels.of_person(
                step.session,
                step.hall,
                step.conversation_id,
                province=step.province,
                purpose=purpose,
                now=step.now,
            )
        else:
            level = levels.of_organization(
                step.session, step.hall, step.conversation_id, purpose=purpose, now=step.now
            )
        outcome = "enough" if level.enough else "raise"
        step.say(
            f"utter_check_real_name_level_{subject}_{outcome}",
            reached=level.reached,
            needed=level.needed,
            ways="、".join(way.label for way in level.ways),
        )
