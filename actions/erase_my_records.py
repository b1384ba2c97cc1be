"""删除我的记录: what this conversation has stored of a person is taken away, once they have confirmed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions.flow import Field, Flow, Step
from hrss import conversations


class EraseMyRecords(Flow):
    stem = "erase_my_records"
    confirm = "confirm_erasing"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        return iter(())

    def summary(self, step: Step) -> dict[str, str]:
        return {}

    def act(self, step: Step) -> None:
        conversations.erase(step.session, step.conversation_id)
        step.run.values.clear()
        step.run.known.clear()
        step.say("utter_records_erased")
