"""What a message means that leans on the last answer: 那单位的呢, 还是不行, 下一步呢, 上面说的授权码是什么."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from faq.book import HERE, Entry, read_yaml
from faq.clean import letters

SHORT = 18  # letters; who writes more says what is meant without the conversation
SHORTEST = 8  # letters; who writes no more than these goes on from what was said, even without a word for it
LEANING = 3.0  # how many times likelier what is related to the last answer becomes
_NUMBERS = {sign: number for number, sign in enumerate("一二三四五六七八九")} | {
    str(number + 1): number for number in range(9)
}


@dataclass(frozen=True)
class Exchange:
    """The last question again, for another side: `question` with the words exchanged, and what is then known."""

    question: str
    province: str | None = None
    audience: str | None = None


class Patterns(NamedTuple):
    sides: Mapping[
        tuple[str, str], tuple[re.Pattern[str], str]
    ]  # (fact, value) → as said, as the book writes it
    exchange: re.Pattern[str]
    others: Mapping[str, re.Pattern[str]]


@cache
def _patterns() -> Patterns:
    body: dict[str, Any] = read_yaml(HERE / "lexicon" / "followups.yml")
    sides = {
        (fact, value): (re.compile(side["said"]), side["word"])
        for fact in ("audience", "province")
        for value, side in body.pop(fact).items()
    }
    every = "|".join(said.pattern for said, _ in sides.values())
    exchange = re.compile(body.pop("exchange").replace("{side}", every))
    return Patterns(sides, exchange, {name: re.compile(pattern) for name, pattern in body.items()})


@cache
def nexts() -> Mapping[str, str]:
    """Return what comes after an entry once it is done, for the entries of which that can be said."""
    return dict(read_yaml(HERE / "nexts.yml"))


def exchanged(cleaned: str, last: Entry) -> Exchange | None:
    """
    Return the last question for the other side that the text names, None when it names none or holds more.

    The text is 那单位的呢 after 忘记个人账号的密码怎么办: the question becomes 忘记单位账号的密码怎么办.
    """
    patterns = _patterns()
    found = patterns.exchange.match(letters(cleaned))
    if not found:
        return None
    side = found["side"]
    for (fact, value), (said, word) in patterns.sides.items():
        if not said.fullmatch(side) or getattr(last, fact) == value:
            continue
        question = last.question
        for (other_fact, other_value), (others, _) in patterns.sides.items():
            if other_fact == fact and other_value != value:
                question = others.sub(word, question)
        if fact == "province":
            return Exchange(question if word in question else word + question, province=value)
        return (
            Exchange(question, province=last.province, audience=value) if question != last.question else None
        )
    return None


def says_it_did_not_help(cleaned: str) -> bool:
    said = letters(cleaned)
    return len(said) <= SHORT and bool(_patterns().others["still_not"].match(said))


def step_asked(cleaned: str, last: Entry) -> int | None:
    """Return which step of the last answer a text asks for, from 0; -1 is the one after those already said."""
    said, others = letters(cleaned), _patterns().others
    if not last.steps or len(said) > SHORT:
        return None
    numbered = others["step"].search(said)
    if numbered:
        number = _NUMBERS[numbered.group(1)]
        return number if number < len(last.steps) else None
    if others["first_step"].search(said):
        return 0
    return -1 if others["next_step"].search(said) else None


def asks_what_else(cleaned: str) -> bool:
    """Whether a text asks what is left to do after the last answer."""
    said = letters(cleaned)
    return len(said) <= SHORT and bool(_patterns().others["what_else"].search(said))


def offered_place(cleaned: str) -> int | None:
    """Return which of the choices just offered a text points at by where it stands: 0, or -1 for the last."""
    said, others = letters(cleaned), _patterns().others
    if others["first_offered"].match(said):
        return 0
    return -1 if others["last_offered"].match(said) else None


def without_pointing(cleaned: str) -> str | None:
    """Return what a text asks about once 上面说的 and the like are taken away; None when it does not point back."""
    said = letters(cleaned)
    found = _patterns().others["pointing"].match(said)
    return said[found.end() :] if found and len(said) > found.end() + 1 else None


def leaning(scores: Mapping[str, float], cleaned: str, last: Entry) -> dict[str, float]:
    """Return the scores with what is related to the last answer made likelier, if the text is short and goes on."""
    said = letters(cleaned)
    goes_on = len(said) <= SHORTEST or (len(said) <= SHORT and _patterns().others["going_on"].search(said))
    if not goes_on:
        return dict(scores)
    related = {f"entry:{entry}" for entry in last.related}
    leant = {label: score * (LEANING if label in related else 1) for label, score in scores.items()}
    total = sum(leant.values())
    return {label: score / total for label, score in leant.items()}
