"""提升实名等级: a person's, by what another system knows of them (P2, P3); card numbers stay on the hall's own page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import proving
from actions.flow import GIVEN, Field, Flow, Step, ways
from hrss import levels
from hrss.attempts import Checked
from hrss.authority import Act
from hrss.levels import Level, Purpose, Way


class RaiseRealNameLevel(Flow):
    stem = "raise_real_name_level"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield from proving.by_phone(Act.RAISE_LEVEL)
        yield Field("raise_by", choices=ways("raise_by"), settled=lambda step: _level(step).enough)
        if known.get("raise_by") not in (Way.UNIONPAY.value, GIVEN):
            yield Field(
                "raised",
                choices=ways("raised"),
                check=_raise,
                question=f"utter_ask_raised_{known.get('raise_by')}",
            )

    def act(self, step: Step) -> None:
        values = step.run.values
        if values["raise_by"] == Way.UNIONPAY.value:
            step.say("utter_raise_by_unionpay")
        elif values.get("raised") == "no":
            step.say("utter_raise_later")
        elif values["raise_by"] == GIVEN:
            step.say("utter_raise_not_needed", reached=_level(step).reached)
        else:
            step.say("utter_raised", reached=_level(step).reached)


def _level(step: Step) -> Level:
    """Return how the person stands to what registering an organization needs (P3): the highest a way leads to."""
    return levels.of_person(
        step.session,
        step.hall,
        step.conversation_id,
        province=step.province,
        purpose=Purpose.REGISTER_ORG,
        now=step.now,
    )


def _raise(step: Step, said: str) -> Checked:
    if said == "no":
        return Checked()
    way = Way(step.run.values["raise_by"])
    return step.do(levels.raise_person, province=step.province, way=way, key=step.key_of_try("raise"))
