"""Every rule of the channel has its tests, by its letter, and at least one of them speaks to the running bot over HTTP."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from tests.conftest import ROOT

HERE = Path(__file__).parent
RUNNING = {"test_running_bot.py", "test_talks.py", "test_customer_service.py", "test_two_bots_in_wechat.py"}
LETTERS = {"V": 8, "R": 6, "T": 4, "O": 6, "A": 8, "D": 5, "K": 4}


def named_by_letter() -> dict[str, set[str]]:
    """Return the tests by the letters that their names begin with."""
    found: dict[str, set[str]] = {}
    for path in [*HERE.glob("test_*.py"), ROOT / "tests" / "faults" / "test_two_bots_in_wechat.py"]:
        for each in ast.parse(path.read_text(encoding="utf-8")).body:
            letters = re.match(r"test((?:_[a-z][0-9])+)_", getattr(each, "name", ""))
            for letter in letters[1].split("_")[1:] if letters else ():
                place = f"{path.relative_to(ROOT)}::{each.name}"  # type: ignore[attr-defined]
                found.setdefault(letter.upper(), set()).add(place)
    return found


def test_the_table_of_rules_is_what_is_tested() -> None:
    table = yaml.safe_load((HERE / "rules.yml").read_text(encoding="utf-8"))

    assert list(table) == [f"{letter}{n}" for letter, last in LETTERS.items() for n in range(1, last + 1)]
    assert {letter: set(rule["tests"]) for letter, rule in table.items()} == named_by_letter()


def test_every_rule_is_tried_on_the_running_bot() -> None:
    untried = [
        letter
        for letter, tests in named_by_letter().items()
        if not any(test.split("::")[0].rsplit("/", 1)[-1] in RUNNING for test in tests)
    ]
    assert untried == []
