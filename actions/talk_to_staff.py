"""找人工: a place in the queue while staff are there; else what the person says is left for them, with a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions import receipts
from actions.flow import GIVEN, Field, Flow, Step
from hrss import handovers, staff_messages
from hrss.errors import CaseNotOpen, ProofNeeded
from hrss.workdays import in_words

LEFT = "staff_message"  # in what the conversation knows: the number under which further words are added


class TalkToStaff(Flow):
    stem = "talk_to_staff"

    def fields(self, known: Mapping[str, str]) -> Iterator[Field]:
        yield Field(
            "message_to_staff",
            free=r"(?s).+",
            settled=_somebody_is_there,
            prepare=_when_they_are,
            question=_question,
        )

    def act(self, step: Step) -> None:
        words = step.run.values["message_to_staff"]
        if words == GIVEN:  # somebody is there
            wait = handovers.ask(step.session, step.hall, step.conversation_id, now=step.now)
            response = "utter_handover_waiting" if wait.ahead else "utter_handover_next"
            step.say(response, ahead=str(wait.ahead), minutes=str(wait.minutes))
            return
        receipt = step.do(
            staff_messages.leave,
            words=words,
            province=step.province,
            key=step.key("message"),
        )
        receipts.remember(step.run, receipt)
        step.run.known[LEFT] = receipt.number
        step.say(f"utter_talk_to_staff_{'added' if receipt.already_open else 'left'}", number=receipt.number)


def add_words(step: Step, words: str) -> None:
    """Add what is said next to the words left for staff, as long as these wait for an answer."""
    try:
        receipt = step.do(
            staff_messages.add, number=step.run.known[LEFT], words=words, key=step.key_of_try("words")
        )
    except (ProofNeeded, CaseNotOpen):
        del step.run.known[LEFT]  # left too long ago to be this person's for sure, or answered
    else:
        step.say("utter_talk_to_staff_added", number=receipt.number)


def _somebody_is_there(step: Step) -> bool:
    return handovers.can_be_reached(step.session, step.hall, step.now)


def _question(step: Step) -> str:
    closed = not step.hall.staff_hours.include(step.now)
    return "utter_ask_message_to_staff_closed" if closed else "utter_ask_message_to_staff"


def _when_they_are(step: Step) -> dict[str, str]:
    hours = step.hall.staff_hours
    return {"hours": str(hours), "opens": in_words(hours.next(step.now))}
