"""Sixty conversations whose later lines lean on the earlier ones, with the running bot: `followups.yml`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from faq.book import load_files
from faq.understanding import load_clarifications
from tests.conftest import RunningHall
from tests.talk import Message, Person

CONVERSATIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "followups.yml").read_text(encoding="utf-8")
)
BOOK = load_files()
_STEP = re.compile(r"第 (\d+) 步")


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: str(conversation["name"]))
def test_what_is_said_later_is_read_with_what_was_said_before(
    hall: RunningHall, conversation: dict[str, Any]
) -> None:
    person = Person(hall.web, province=conversation.get("province", "gd"))
    for turn in conversation["turns"]:
        said = person.say(turn["say"])

        expected = {name: turn[name] for name in turn if name != "say"}
        assert {name: SEEN[name](person, said, turn[name]) for name in expected} == expected, (
            turn["say"],
            [message["text"] for message in said],
        )


def answered(person: Person, said: list[Message], expected: str) -> str | None:
    return next((message["entry"]["id"] for message in said if message.get("entry")), None)


def offered(person: Person, said: list[Message], expected: str) -> str | None:
    """Return the expected entry if a button of this answer says its question, or the label of a question back."""
    labels = {option["label"] for message in said for option in message.get("options", ())}
    return expected if labels & named(expected) else None


def named(entry: str) -> set[str]:
    asked = {
        choice.label
        for each in load_clarifications().values()
        for choice in each.choices
        if choice.entry == entry
    }
    return {BOOK[entry].question} | asked


def step(person: Person, said: list[Message], expected: int) -> int | None:
    found = _STEP.search("\n".join(message["text"] for message in said))
    return int(found.group(1)) if found else None


def stands(person: Person, said: list[Message], expected: str) -> str | None:
    return expected if expected in "\n".join(message["text"] for message in said) else None


SEEN = {"entry": answered, "offers": offered, "step": step, "says": stands}


def test_there_are_sixty_of_them_and_each_goes_on() -> None:
    assert len(CONVERSATIONS) >= 60
    assert all(len(conversation["turns"]) > 1 for conversation in CONVERSATIONS)
    assert len({conversation["name"] for conversation in CONVERSATIONS}) == len(CONVERSATIONS)
