"""Flows without Rasa: their runner, the real business and database, and a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import yaml

from actions.flow import Run, Step
from actions.go_on import Heard, go_on
from faq.entities import values
from hrss.errors import Refusal
from hrss.hall import Hall
from hrss.identifiers import Kind
from hrss.vault import Vault
from tests.conftest import ROOT
from tests.hrss.conftest import (  # noqa: F401  # the fixtures of the business are those of its flows
    another_conversation,
    conversation,
    database,
    hall,
    migrated_postgresql,
    migrated_sqlite,
    new_talk,
    now,
    postgresql,
    settings,
    talk,
    vault,
)
from tests.hrss.people import Talk

RESPONSES = {
    name: said
    for path in sorted((ROOT / "data" / "responses").glob("*.yml"))
    for name, said in yaml.safe_load(path.read_text(encoding="utf-8"))["responses"].items()
}


@dataclass
class Chat:
    """One conversation with the flows: what was said last, by the names of the sentences and their facts."""

    talk: Talk
    vault: Vault
    run: Run = field(default_factory=Run)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hall: Hall | None = None
    turns: Any = field(default_factory=lambda: (f"turn {number}" for number in count()))

    @property
    def said(self) -> list[str]:
        return [name for name, _ in self.heard]

    @property
    def choices(self) -> list[str]:
        return [button["title"] for button in self.heard[-1][1]["buttons"]]

    def facts(self, name: str) -> dict[str, Any]:
        return next(facts for said, facts in self.heard if said == name)

    def start(self, flow: str, text: str = "", *, turn: str | None = None, **told: str) -> list[str]:
        return self.hear("start_flow", text, {"flow": flow, **told}, turn)

    def say(self, text: str, *, turn: str | None = None) -> list[str]:
        return self.hear("inform", text, {}, turn)

    def choose(self, value: str) -> list[str]:
        return self.hear("inform", "", {"field": self.run.asked or "", "choice": value}, None)

    def hear(self, intent: str, text: str, told: dict[str, str], turn: str | None) -> list[str]:
        self.heard, before = [], self.run.as_slot()
        try:
            with self.talk.database.transaction() as session:
                asks = self.run.question.get("hint", {}).get("asks", ())
                masked = self.vault.tokenise(
                    session, self.talk.id, text, asked_for=frozenset(map(Kind, asks))
                ).text
                step = Step(
                    session=session,
                    hall=self.hall or self.talk.hall,
                    vault=self.vault,
                    conversation_id=self.talk.id,
                    province="gd",
                    turn=turn or next(self.turns),
                    now=self.talk.now,
                    run=self.run,
                    say=lambda name, **facts: self.heard.append((name, facts)),
                )
                go_on(step, Heard(intent, told, masked, values(masked)), RESPONSES)
        except Refusal as refused:  # as actions/base.py does
            self.heard.append((f"utter_refused_{refused.key}", refused.facts))
            self.run = Run.from_slot(before)
        assert set(self.said) <= RESPONSES.keys()
        return self.said


@pytest.fixture
def new_chat(new_talk: Callable[[], Talk], vault: Vault) -> Callable[[], Chat]:  # noqa: F811
    return lambda: Chat(new_talk(), vault)


@pytest.fixture
def chat(new_chat: Callable[[], Chat]) -> Chat:
    return new_chat()
