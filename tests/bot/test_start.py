"""What the bot does without, and what it does once: it behaves as Rasa does, only sooner."""

from __future__ import annotations

import subprocess
import sys

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain

from bot import once
from tests.conftest import ROOT

RESULTS = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "flow", "value": None}], "responses": [{"text": "好"}]},
    {"events": [{"event": "slot"}]},  # no name
    {"events": "none"},
    {"responses": ["好"]},
    [],
]


def passes(check: object, result: object) -> bool:
    try:
        return bool(check(RemoteAction("action_go_on", None), result))  # type: ignore[operator]
    except ValidationError:
        return False


@pytest.mark.parametrize("number", range(len(RESULTS)))
def test_an_actions_result_is_checked_as_rasa_checks_it(number: int) -> None:
    theirs = passes(RemoteAction._validate_action_result, RESULTS[number])

    assert passes(once.is_a_result, RESULTS[number]) is theirs
    assert theirs is (number < 2)


class Sum(GraphComponent):
    """A part of a pipeline that says how often it was asked."""

    asked = 0

    @classmethod
    def create(cls, *given: object, **more: object) -> Sum:
        return cls()

    def of(self, first: int, second: int) -> int:
        Sum.asked += 1
        return first + second


def test_a_pipeline_gives_what_it_gives_in_rasas_way_and_asks_each_part_once() -> None:
    def part(first: str, second: str) -> SchemaNode:
        return SchemaNode({"first": first, "second": second}, Sum, "create", "of", {}, eager=True)

    schema = GraphSchema(
        {
            "doubled": part("number", "number"),
            "tripled": part("doubled", "number"),
            "five": part("tripled", "doubled"),
        }
    )
    runner = DaskGraphRunner(schema, None, ExecutionContext(schema))
    given, wanted = {"number": 7}, ["five", "doubled"]

    theirs = DaskGraphRunner.run(runner, given, wanted)
    Sum.asked = 0

    assert once.run_in_order(runner, given, wanted) == theirs == {"five": 35, "doubled": 14}
    assert Sum.asked == 3


def test_a_domain_is_empty_when_rasa_says_so() -> None:
    for domain in (Domain.empty(), Domain.load(str(ROOT / "domain.yml"))):
        assert once.is_empty(domain) is Domain.is_empty(domain)


def said_by(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.stdout.strip() or done.stderr[-500:]


def test_the_server_is_loaded_without_tensorflow() -> None:
    code = """
from bot.without_tensorflow import ABSENT, leave_out
leave_out()
import sys, rasa.core.run, rasa.engine.recipes.default_components
of_tensorflow = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ABSENT}
print(len(of_tensorflow) > 0, [name for name, module in of_tensorflow.items() if getattr(module, "__file__", None)])
"""
    assert said_by(code) == "True []"


def test_what_needs_tensorflow_all_the_same_says_that_it_is_not_there() -> None:
    code = """
from bot.without_tensorflow import leave_out, NotThere
leave_out()
import tensorflow
try:
    tensorflow.constant([1, 2])
except NotThere as missing:
    print("not there:", missing)
"""
    assert said_by(code).startswith("not there: tensorflow.constant")
