"""The menu of the official account: its definition, what its keys mean, and its form for publishing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MENU = Path(__file__).parent / "menu.yml"


@dataclass(frozen=True)
class Key:
    """What a tap means: a payload for the dialogue, or a command to the channel."""

    label: str
    payload: str | None = None
    command: str | None = None


@cache
def keys() -> dict[str, Key]:
    """Return every key that a tap or a scanned code may bring; what else comes is no key of ours."""
    return {
        button["key"]: Key(button["name"], button.get("payload"), button.get("command"))
        for button in _buttons(_definition())
        if "key" in button
    }


def for_publishing() -> dict[str, Any]:
    """Return the menu as WeChat's API takes it."""
    return {"button": [_published(button) for button in _definition()]}


@cache
def _definition() -> list[dict[str, Any]]:
    return list(yaml.safe_load(MENU.read_text(encoding="utf-8"))["menu"])


def _buttons(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for button in listed:
        yield button
        yield from _buttons(button.get("sub_button", []))


def _published(button: dict[str, Any]) -> dict[str, Any]:
    if "sub_button" in button:
        return {"name": button["name"], "sub_button": [_published(each) for each in button["sub_button"]]}
    if "url" in button:
        return {"type": "view", "name": button["name"], "url": button["url"]}
    return {"type": "click", "name": button["name"], "key": button["key"]}
