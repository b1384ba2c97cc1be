"""What understanding makes of a message, and what it may know beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Decision(str, Enum):
    """What to do with a message: give an entry's answer, ask which is meant, chat, or say that it is not ours."""

    ANSWER = "answer"
    WHICH = "which"
    CHAT = "chat"
    NONE = "none"


class Stage(str, Enum):
    """Which stage decided."""

    CLEAN = "clean"  # nothing readable is left, or it is no sentence for us
    OPTION = "option"  # a button, or the words that stand on it
    ERROR_MESSAGE = "error_message"
    EXACT = "exact"
    FOLLOW_UP = "follow_up"  # what was meant leans on the last answer
    RANK = "rank"


@dataclass(frozen=True)
class Choice:
    """
    One of the things that a question back offers: an entry, or what is to be remembered before asking again.

    Without a label it is named by the entry's question.
    """

    entry: str | None = None
    label: str = ""
    remember: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What is known when a message comes: of the page it was typed on, and of the conversation."""

    province: str | None = None
    audience: str | None = None
    last_entry: str | None = None  # the newest answer among the last few messages
    last_step: int | None = None  # the step of it that was said last, for who goes one by one
    offered: tuple[Choice, ...] = ()  # of the last question back, in the order shown
    asked: str | None = None  # the cleaned text that the last question back was about


@dataclass
class Reading:
    """
    One understood message.

    `entry`, `screen` and `step` (from 0) say what is to be shown.
    `candidates` holds the best five entries with their probability, whatever the decision; `stage` says why it was
    taken; `facts` are those on which answers depend, as the text states them; `told` is what a button says; `subject` names what an out-of-scope question is about, where that is known.
    """

    text: str
    cleaned: str
    decision: Decision
    stage: Stage
    intent: str
    entry: str | None = None
    screen: str | None = None
    step: int | None = None
    candidates: list[tuple[str, float]] = field(default_factory=list)
    confidence: float = 1.0
    ask: str | None = None
    choices: list[Choice] = field(default_factory=list)
    province: str | None = None
    audience: str | None = None
    subject: str | None = None
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    milliseconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        body = dict(vars(self))
        body["choices"] = [dict(vars(choice)) for choice in self.choices]
        body["decision"], body["stage"] = self.decision.value, self.stage.value
        body["candidates"] = [{"id": entry, "score": round(score, 4)} for entry, score in self.candidates]
        return body
