"""One message of a transcript, as others get it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any


class Unreadable(Exception):
    """What came over the wire is no line of a transcript."""


@dataclass(frozen=True)
class ToldLine:
    """
    A message with tokens in the place of personal values; `options` are the labels of its buttons.

    `seq` counts the messages of a conversation without a gap. `edition` grows when words of the conversation were taken
    away: all of it is told again then, and the later edition replaces what was told before.
    """

    conversation: str
    seq: int
    edition: int
    channel: str
    province: str | None
    at: datetime
    author: str
    kind: str
    text: str
    options: tuple[str, ...]
    entry: str | None
    turn: str | None

    @property
    def id(self) -> str:
        return f"{self.conversation}/{self.seq}.{self.edition}"

    @property
    def routing_key(self) -> str:
        """By which those who listen for themselves choose: channel, province, author."""
        return f"{self.channel}.{self.province or 'none'}.{self.author}"

    def encode(self) -> bytes:
        return json.dumps({**asdict(self), "at": self.at.isoformat()}, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, body: bytes) -> ToldLine:
        try:
            told: dict[str, Any] = json.loads(body)
            known = {each.name: told[each.name] for each in fields(cls)}  # a later version may tell more
            known["at"] = datetime.fromisoformat(told["at"])
            known["options"] = tuple(map(str, told["options"]))
            line = cls(**known)
        except (ValueError, TypeError, KeyError) as error:
            raise Unreadable(type(error).__name__) from None
        if (
            not all(isinstance(text, str) for text in (line.conversation, line.text, line.author, line.kind))
            or not all(type(number) is int for number in (line.seq, line.edition))
            or line.at.tzinfo is None
        ):
            raise Unreadable("types")
        return line
