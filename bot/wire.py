"""A bot's message as channels store and send it."""

from __future__ import annotations

import secrets
from typing import Any

from rasa.core.channels.channel import OutputChannel


def wire_message(draft: dict[str, Any]) -> dict[str, Any]:
    """
    Turn Rasa's draft (`text`, `buttons`, `custom`) into one message: `kind`, `text`, `options`, and its parts.

    Every button becomes an option with an id of its own; its payload stays with the server.
    """
    options = [
        {
            "id": secrets.token_urlsafe(9),
            "label": button["title"],
            "payload": button.get("payload"),
            **({"style": button["style"]} if button.get("style") else {}),
        }
        for button in draft.get("buttons") or ()
    ]
    parts = {key: value for key, value in (draft.get("custom") or {}).items() if value not in (None, "", [])}
    message = {"kind": "text", "text": draft.get("text") or "", **parts}
    if options:
        message["options"] = options
        if message["kind"] in ("text", "form_hint") and not parts.get("entry"):
            message["kind"] = "options"
    return message


class Collector(OutputChannel):
    """Keeps the messages of one turn, so that they are stored together with its end."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.messages: list[dict[str, Any]] = []

    def name(self) -> str:  # type: ignore[override]  # Rasa's is a classmethod; ours answers for several channels
        return self._channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        self.messages.append(wire_message(message))
