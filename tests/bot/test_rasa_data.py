"""Rasa's own check of domain, rules and training data, less what it cannot know."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from bot.nlu import component
from faq.book import Book, load_files
from tests.conftest import ROOT

# Rasa cannot know what Python says or sets; `tests/test_contracts.py` checks these names instead.
KNOWN = (
    r"The utterance '\w+' is not used in any story or rule",
    r"'(utter_answer|utter_menu|utter_guide|utter_shown)'",  # said by bot/responses.py
    r"intent 'ask_(faq|which)' is listed in the domain file, but is not found in the NLU training data",  # from the book
    r"intent '(add_to_message|ask_and_offer|await_outcome|bare_value|entry_withdrawn|flow_back|inform|open_screen|other_province|start_flow|too_long)'",  # set by understanding or a button
)


def test_rasa_finds_nothing_wrong_with_domain_rules_and_training_data() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rasa", "data", "validate"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    said = done.stdout + done.stderr

    assert done.returncode == 0, said[-2000:]
    warnings = re.findall(r"rasa/shared/utils/io\.py:\d+: UserWarning: (.+)", said)
    assert [warning for warning in warnings if not any(re.search(known, warning) for known in KNOWN)] == []


def test_rasa_trains_anew_when_the_book_changes_which_is_not_among_its_training_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = component.UnderstandingComponent.fingerprint_addon({})
    assert component.UnderstandingComponent.fingerprint_addon({}) == before

    fewer = Book({entry.id: entry for entry in list(load_files())[1:]})
    monkeypatch.setattr(component, "load_files", lambda: fewer)

    assert component.UnderstandingComponent.fingerprint_addon({}) != before
