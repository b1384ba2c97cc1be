"""
What Rasa does anew in every turn though nothing in it changes, done once a process.

Each part says which of Rasa's own it stands in for (rasa 3.6.21); what it gives is in decision 21.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy


def do_once() -> None:
    """Put the parts below in the place of Rasa's. Called before the server starts."""
    RemoteAction._validate_action_result = is_a_result
    RulePolicy._rule_key_to_state = staticmethod(rule_states)


@cache
def _form_of_results() -> Validator:
    schema = RemoteAction.action_response_format_spec()
    return validator_for(schema)(schema)


def is_a_result(_action: RemoteAction, result: Any) -> bool:
    """Raise `ValidationError` unless it has the form of an action's result; Rasa checks the form itself, too, each time."""
    _form_of_results().validate(result)
    return True


@cache
def rule_states(key: str) -> list[dict[str, Any]]:
    """Return the steps of a rule; Rasa reads every rule's from JSON for every step of the conversation."""
    states: list[dict[str, Any]] = json.loads(key)
    return states
