"""What follows a message, by our lookup of the rules and by Rasa's own policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.policy import OneMessageRules, RuleNotOfOneMessage
from tests.conftest import ROOT

DOMAIN = Domain.load([str(ROOT / "domain.yml"), str(ROOT / "data" / "responses")])


def step(intent: str, after: str, **more: Any) -> dict[str, Any]:
    return {"prev_action": {"action_name": after}, "user": {"intent": intent}, **more}


def rules(*steps_and_action: tuple[list[dict[str, Any]], str]) -> dict[str, Any]:
    return {"rules": {json.dumps(steps, sort_keys=True): action for steps, action in steps_and_action}}


def policy(kind: type[RulePolicy], lookup: dict[str, Any]) -> RulePolicy:
    complete = {"rules_for_loop_unhappy_path": {}, "rules_not_in_stories": [], **lookup}
    context = ExecutionContext(GraphSchema({}))
    return kind(kind.get_default_config(), None, None, context, lookup=complete)


OURS = rules(
    ([step("greet", "action_listen")], "utter_greet"),
    ([step("greet", "action_listen"), step("greet", "utter_greet")], "action_listen"),
    ([step("ask_and_offer", "action_listen")], "utter_answer"),
    ([step("ask_and_offer", "action_listen"), step("ask_and_offer", "utter_answer")], "action_go_on"),
    (
        [
            step("ask_and_offer", "action_listen"),
            step("ask_and_offer", "utter_answer"),
            step("ask_and_offer", "action_go_on"),
        ],
        "action_listen",
    ),
)


def said(intent: str, *done: str) -> list[Event]:
    return [
        ActionExecuted("action_listen"),
        UserUttered("…", {"name": intent, "confidence": 1.0}),
        *map(ActionExecuted, done),
    ]


TALKS = {
    "a message": said("greet"),
    "its answer": said("greet", "utter_greet"),
    "a message with two actions": said("ask_and_offer"),
    "the first of them": said("ask_and_offer", "utter_answer"),
    "both": said("ask_and_offer", "utter_answer", "action_go_on"),
    "one message after another": [*said("ask_and_offer", "utter_answer", "action_go_on"), *said("greet")],
    "the same again": [*said("greet", "utter_greet"), *said("greet", "utter_greet")],
    "a message without a rule": said("chitchat"),
    "an action of no rule": said("greet", "utter_answer"),
}


@pytest.mark.parametrize("talk", TALKS)
def test_what_follows_is_what_follows_in_rasas_way(talk: str) -> None:
    tracker = DialogueStateTracker.from_events("c1", TALKS[talk], DOMAIN.slots)

    ours, theirs = (
        policy(kind, OURS).predict_action_probabilities(tracker, DOMAIN)
        for kind in (OneMessageRules, RulePolicy)
    )

    assert ours.probabilities == theirs.probabilities


@pytest.mark.parametrize(
    "steps",
    [
        [step("greet", "action_listen", slots={"province": [1.0, 0.0]})],
        [step("greet", "action_listen"), step("thank", "utter_greet")],
        [step("greet", "utter_greet")],
        [{"prev_action": {"action_name": "action_listen"}}],
    ],
    ids=["a slot", "two messages", "in the middle", "no message"],
)
def test_a_rule_that_asks_for_more_than_one_message_is_refused(steps: list[dict[str, Any]]) -> None:
    tracker = DialogueStateTracker.from_events("c1", said("greet"), DOMAIN.slots)

    with pytest.raises(RuleNotOfOneMessage):
        policy(OneMessageRules, rules((steps, "utter_greet"))).predict_action_probabilities(tracker, DOMAIN)
