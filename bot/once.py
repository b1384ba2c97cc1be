"""
What Rasa does anew in every turn though nothing in it changes, done once a process.

Each part says which of Rasa's own it stands in for (rasa 3.6.21); what it gives is in decision 21.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain


def do_once() -> None:
    """Put the parts below in the place of Rasa's. Called before the server starts."""
    RemoteAction._validate_action_result = is_a_result
    DaskGraphRunner.run = run_in_order
    Domain.is_empty = is_empty


@cache
def _form_of_results() -> Validator:
    schema = RemoteAction.action_response_format_spec()
    return validator_for(schema)(schema)


def is_a_result(_action: RemoteAction, result: Any) -> bool:
    """Raise `ValidationError` unless it has the form of an action's result; Rasa checks the form itself, too, each time."""
    _form_of_results().validate(result)
    return True


def run_in_order(
    runner: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """Return what these parts of the pipeline give; Rasa has dask plan the same few calls anew each time."""
    schema, given = runner._graph_schema, dict(inputs or {})

    def result(name: str) -> Any:
        if name not in given:
            needed = [(need, result(need)) for need in schema.nodes[name].needs.values()]
            _, given[name] = runner._instantiated_nodes[name](*needed)
        return given[name]

    return {target: result(target) for target in targets or schema.target_names}


@cache
def _empty() -> dict[str, Any]:
    empty: dict[str, Any] = Domain.empty().as_dict()
    return empty


def is_empty(domain: Domain) -> bool:
    """Whether a domain says nothing; Rasa makes an empty one to compare with, at every message."""
    return bool(domain.as_dict() == _empty())
