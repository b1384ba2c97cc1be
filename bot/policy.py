"""What follows a message: a rule names an intent and the actions after it, and nothing before the message counts."""

from __future__ import annotations

import json
from functools import cached_property
from itertools import takewhile
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

Moment = tuple[str, tuple[str, ...]]  # an intent, and the actions that were done since


class RuleNotOfOneMessage(RasaException):
    """A rule asks for more than the intent of one message; what depends on more is decided by an action."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class OneMessageRules(RulePolicy):
    """
    Rasa's rules, looked up by the last message.

    Rasa's own policy goes through the whole conversation and all rules before every action, so that rules may speak of
    slots and forms. Ours speak of intents only: which message comes when is decided by the flow (`actions/flow.py`).
    """

    @cached_property
    def _following(self) -> dict[Moment, str]:
        """What the rules say comes next."""
        return {_moment(json.loads(key)): action for key, action in self.lookup["rules"].items()}

    def _predict(self, tracker: DialogueStateTracker, domain: Domain) -> tuple[PolicyPrediction, str | None]:
        action, source = self._find_action_from_default_actions(tracker)
        if action is None and tracker.latest_message is not None:
            intent, done = tracker.latest_message.intent_name, _done_since_the_last_message(tracker)
            action, source = self._following.get((intent, done)), f"{intent} {done}"
        probabilities = (
            self._prediction_result(action, tracker, domain) if action else self._default_predictions(domain)
        )
        return self._rule_prediction(probabilities, source or ""), source


def _moment(states: list[dict[str, Any]]) -> Moment:
    """Return what a rule of Rasa's asks for: step by step the intent, and the action before."""
    intent = states[0].get("user", {}).get("intent")
    listened, *done = (state.get("prev_action", {}).get("action_name") for state in states)
    of_one_message = [
        {"user": {"intent": intent}, "prev_action": {"action_name": action}} for action in (listened, *done)
    ]
    if listened != ACTION_LISTEN_NAME or states != of_one_message:
        raise RuleNotOfOneMessage(json.dumps(states, ensure_ascii=False))
    return intent, tuple(done)


def _done_since_the_last_message(tracker: DialogueStateTracker) -> tuple[str, ...]:
    since = takewhile(lambda event: not isinstance(event, UserUttered), reversed(tracker.events))
    done = [event.action_name for event in since if isinstance(event, ActionExecuted)]
    return tuple(reversed(done))
