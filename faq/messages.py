"""The halls' own error messages: found in what people paste, whole or damaged, before any model is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from faq.book import HERE, read_yaml
from faq.clean import heard_in_book, letters

SURE = 88.0  # rapidfuzz score from which a text holds a long message, damaged as it may be
ONE_WRONG = 70.0  # a score that one wrong letter in a short message never falls below
SHORT = 9  # letters; a message no longer than this is also an ordinary phrase
SHORTEST = 5  # letters; a message no longer than this says something else as soon as one letter differs
HEAD = 2  # letters that say whose the message is, 单位 or 自然人; with all of them gone no one can tell
_QUOTED = re.compile(r"提示|报错|弹|显示|出现|跳出|写着|说是|错误|失败|[“”\"'「」『』\[\]【】]")
_GOES_ON = re.compile("成功|完成|完了|好了|过的")  # "单位已注册成功" reports, it does not quote
_NEGATION = frozenset("未没不无")


@dataclass(frozen=True)
class ErrorMessage:
    """A message of a hall: why it appears, who can cure it, and the entry that says how."""

    key: str
    province: str
    message: str
    cause: str
    cured_by: str
    entry: str
    variants: tuple[str, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> ErrorMessage:
        return cls(**{**body, "variants": tuple(body.get("variants") or ())})


@dataclass(frozen=True)
class Recognised:
    error: ErrorMessage
    score: float  # 0-100


@cache
def load_messages() -> tuple[ErrorMessage, ...]:
    return tuple(ErrorMessage.from_body(body) for body in read_yaml(HERE / "error_messages.yml"))


@cache
def _forms() -> tuple[tuple[str, frozenset[str], ErrorMessage], ...]:
    """Return every form of every message, and the letters at its head."""
    forms = (
        (heard_in_book(form), error) for error in load_messages() for form in (error.message, *error.variants)
    )
    return tuple((form, frozenset(form[:HEAD]), error) for form, error in forms)


def recognise(text: str, province: str | None = None) -> Recognised | None:
    """
    Return the message that a cleaned text quotes, or None; a part too short to tell messages apart is None.

    A short message counts when the text shows that it quotes, or holds nothing else.
    """
    said, quotes = letters(text), bool(_QUOTED.search(text))
    present = frozenset(said)
    best: dict[str, Recognised] = {}
    for form, head, error in _forms():
        if (province and error.province != province) or len(said) < 0.75 * len(form):
            continue
        if head.isdisjoint(present):
            continue
        score = _likeness_of_short(form, said, quotes) if len(form) <= SHORT else _likeness(form, said)
        if score and (error.key not in best or best[error.key].score < score):
            best[error.key] = Recognised(error, score)
    if not best:
        return None
    ranked = sorted(best.values(), key=lambda found: (found.score, len(found.error.message)), reverse=True)
    if (
        len(ranked) > 1
        and ranked[0].error.entry != ranked[1].error.entry
        and ranked[0].score - ranked[1].score < 3
    ):
        return None  # two messages fit equally well: let the question decide
    return ranked[0]


def _likeness(form: str, said: str) -> float:
    # A text shorter than the message must be nearly all of it: 证件号码已被使用 fits a person and a unit.
    ratio = fuzz.partial_ratio if len(said) >= len(form) else fuzz.ratio
    return float(ratio(form, said, score_cutoff=SURE))


def _likeness_of_short(form: str, said: str, quotes: bool) -> float:
    """
    Return 0-100; 0 unless the text holds the form with one letter wrong at most, none for the shortest.

    A negation that the message lacks is no damage: 用户名未被使用 is not 用户名已被使用.
    """
    if not fuzz.partial_ratio(form, said, score_cutoff=ONE_WRONG):
        return 0.0
    allowed = 0 if len(form) <= SHORTEST else 1
    windows: Iterable[tuple[str, str]] = _windows(said, len(form), allowed) if quotes else [(said, "")]
    wrong = min(
        (
            Levenshtein.distance(form, window, score_cutoff=allowed)
            for window, rest in windows
            if not _GOES_ON.match(rest) and not _NEGATION.intersection(window).difference(form)
        ),
        default=allowed + 1,
    )
    return 100.0 * (1 - wrong / len(form)) if wrong <= allowed else 0.0


def _windows(said: str, length: int, margin: int) -> Iterator[tuple[str, str]]:
    """Yield every stretch of about that length, with what follows it."""
    for size in range(length - margin, length + margin + 1):
        for start in range(max(len(said) - size, 0) + 1):
            yield said[start : start + size], said[start + size :]
