"""The number of what was submitted: said, and remembered for who asks how to follow it."""

from __future__ import annotations

from actions.flow import Run, Step
from hrss.cases import Receipt

# In what the conversation knows; understanding reads them too (bot/nlu/in_flow.py).
_LAST, _FLOW = "receipt", "receipt_of"


def say(step: Step, receipt: Receipt) -> None:
    """Say the number to quote, and when the outcome comes."""
    remember(step.run, receipt)
    if receipt.already_open:
        step.say("utter_case_already_open", number=receipt.number, state=receipt.state.label)
        return
    step.say(
        "utter_case_submitted",
        number=receipt.number,
        due=receipt.due_on.isoformat() if receipt.due_on else "",
    )


def remember(run: Run, receipt: Receipt) -> None:
    run.known[_LAST] = receipt.number
    run.known[_FLOW] = run.stem or ""


def say_how_to_follow(step: Step) -> None:
    """Tell someone who is going to wait how to see what became of what they submitted last."""
    step.say("utter_case_awaited", number=step.run.known[_LAST])
