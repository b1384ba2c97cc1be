"""A turn's messages as WeChat shows them: plain text, options numbered, few messages of a length people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import regex

from bot.channels.wechat.slips import told
from bot.sentences import sentence

LONGEST = 600  # characters of a message
LONGEST_BYTES = 2048  # WeChat's own limit
LEAST = 120  # characters that stand together before the options
ENDS = ("\n\n", "\n", "。", "！", "？", "；", "，", " ")  # where a text is cut, the best first

Part = dict[
    str, Any
]  # text; options as {id, label, number, style?} and the line below them, where there are any


def compose(owed: Sequence[Part], said: Iterable[dict[str, Any]], *, large: bool = False) -> list[Part]:
    """
    Return the messages of an answer: first what earlier answers still owe, then what is said now. None where nothing is
    said, as while a member of staff talks: an empty reply would be shown as a failure of the account.

    In large mode (大字) they are short: without sources and related questions. Only the options of what is said now are offered, numbered through, below the last text.
    """
    said = list(said)
    paragraphs = [part["text"] for part in owed] + [_told(message, large=large) for message in said]
    options = numbered([option for message in said for option in message.get("options", ())])
    if large:  # the related ones come last: the numbers of the others stay
        options = [option for option in options if option.get("style") != "related"]
    if not options and not any(paragraphs):
        return []
    last: Part = {"options": options, "tail": sentence("utter_wechat_choose")} if options else {}
    below = len(as_text({"text": "", **last}))
    pieces = split("\n\n".join(filter(None, paragraphs)), room_at_the_end=min(below, LONGEST - LEAST))
    more = sentence("utter_wechat_more")
    parts: list[Part] = [{"text": piece} for piece in pieces]
    for number, part in enumerate(parts[:-1], start=1):
        if number % 2 == 0:  # an answer comes in two messages at most; the rest waits until it is asked for
            part["tail"] = more
    parts[-1].update(last)
    return parts


def numbered(options: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Number options as people see them: those that answer a question first, related questions after them."""
    ordered = sorted(options, key=lambda option: option.get("style") == "related")
    shown = ("id", "label", "style")
    return [
        {**{name: option[name] for name in shown if name in option}, "number": number}
        for number, option in enumerate(ordered, start=1)
    ]


def as_text(part: Part) -> str:
    """Return a message with its options as numbered lines."""
    lines = [part["text"]]
    options = part.get("options", ())
    if options:
        lines.append("")
    for before, option in zip([None, *options], options):
        begins_related = option.get("style") == "related" and (not before or before.get("style") != "related")
        if begins_related:
            lines.append(sentence("utter_wechat_related"))
        lines.append(f"{option['number']}. {option['label']}")
    if part.get("tail"):
        lines.append(part["tail"])
    return "\n".join(lines).strip()


def split(text: str, *, room_at_the_end: int = 0) -> list[str]:
    """Cut a text into messages at the ends of paragraphs or sentences, never within a character people see."""
    reserved = LONGEST - 20  # for the line that says that more is to come
    pieces = []
    while not _fits(text, LONGEST - room_at_the_end):
        end = _last_end(text, _fitting(text, reserved))
        if end >= len(text):  # only the options do not fit beside it
            end = _last_end(text, len(text) * 2 // 3)
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*pieces, text]


def _told(message: dict[str, Any], *, large: bool) -> str:
    text: str = message.get("text", "")
    entry = message.get("entry")
    if entry and entry.get("source") and not large:
        text += "\n" + sentence("utter_wechat_source", source=entry["source"], number=entry.get("number", ""))
    if message.get("not_before"):
        text += "\n" + sentence("utter_wechat_reading")
    if message.get("url"):
        text += f"\n{message['url']}"
    if message.get("link"):
        text += "\n" + told(message["link"])
    return text


def _fits(text: str, characters: int) -> bool:
    return len(text) <= characters and len(text.encode()) <= LONGEST_BYTES * characters // LONGEST


def _fitting(text: str, characters: int) -> int:
    """Return how much of the beginning fits."""
    end = min(len(text), characters)
    while not _fits(text[:end], characters):
        end = end * 9 // 10
    return end


def _last_end(text: str, limit: int) -> int:
    for mark in ENDS:
        end = text.rfind(mark, limit // 2, limit)
        if end >= 0:
            return end + len(mark)
    return _last_whole(text, limit)


def _last_whole(text: str, limit: int) -> int:
    """Return where the last sign that the eye sees as one ends: families of emoji and flags are several characters."""
    end = 0
    for sign in regex.finditer(r"\X", text):
        if sign.end() > limit:
            break
        end = sign.end()
    return end or limit
