"""What one sentence mentions, with its place: organizations, people, codes, phones, levels, dates, amounts, provinces, roles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from faq.book import HERE, read_yaml
from faq.entities import ordinary_words, organizations, surnames
from faq.places import named_places

LONGEST_NAME = 3  # characters, of which the first is the surname; one more after a surname of two

# what stands before a name, and after it: a name is never in the middle of a word
_BEFORE = re.compile(
    r"(?:^|[,，、。:： ]|叫做?|是|姓名|名字|本人|[换改][成为]|更为|给|把|从|由|和|跟|与|找|绑|被|的|联系|我姓|换|请|员|人|长|计|纳|务|师|事|政|理|任|老板|法人|经办|HR)$"
)
_AFTER = re.compile(
    r"^(?:$|[,，、。!！?？ 和跟与的是从都两怎拿去来走不要也忘退换离上下昨今前明签入解]|授权|手机|电话|身份证|证件|注册|交|掉|什么|老师)"
)

_NAME = re.compile(r"(?!查|管|申请|单位|[成为](?<=[换改变更].))[一-龥](?:(?![的了都是吗呢不解])[一-龥])+")
_BEFORE_ORG = re.compile(
    r"^(?:我们?|你们?|的|是|帮|替|给|查一?下?|想|代办|名字|改[成为]|[上下]面|在|叫|把|要|[0-9]{1,4}[年月日号])+"
)


class Mention(NamedTuple):
    """`kind` is org, person, code, certificate, phone, level, date, amount, province or role; `start` and `end` count characters."""

    kind: str
    start: int
    end: int
    text: str


def mentions(text: str) -> list[Mention]:
    """Return what a text mentions, in its order and without overlaps."""
    even = "".join(unicodedata.normalize("NFKC", char)[:1] or " " for char in text)  # as long as the text
    taken: list[Mention] = []
    for found in sorted(_spans(even), key=lambda span: (-_WEIGHT.get(span.kind, 0), span.start - span.end)):
        if all(found.end <= other.start or found.start >= other.end for other in taken):
            taken.append(found)
    taken += [name for name in _names(even, taken) if not _overlaps(name, taken)]
    return [
        each._replace(text=text[each.start : each.end]) for each in sorted(taken, key=lambda each: each.start)
    ]


_WEIGHT = {"certificate": 4, "code": 3, "org": 2, "phone": 1}  # who is looked for first


def _overlaps(name: Mention, taken: list[Mention]) -> bool:
    return any(name.start < other.end and other.start < name.end for other in taken)


def _spans(text: str) -> Iterator[Mention]:
    for kind, pattern in _patterns():
        for match in pattern.finditer(text):
            yield Mention(kind, match.start(), match.end(), match.group())
    places = dict(named_places(text))
    for start, end in organizations(text):
        led = _BEFORE_ORG.match(text[start:end])
        start += led.end() if led else 0
        start = (
            places[start] if places.get(start) in places else start
        )  # 河南郑州…: the province is not of the name
        yield Mention("org", start, end, text[start:end])
    for start, end in places.items():
        end += text[end : end + 1] == "省"
        yield Mention("province", start, end, text[start:end])


def _names(text: str, taken: list[Mention]) -> Iterator[Mention]:
    """Yield what is written like a person's name where a name may stand."""
    ends = {mention.end for mention in taken}
    starts = {mention.start for mention in taken}
    reached = 0
    for start in range(len(text)):
        family = next((each for each in reversed(surnames()) if text.startswith(each, start)), None)
        if start < reached or not family or not (start in ends or _BEFORE.search(text[:start])):
            continue
        longest = LONGEST_NAME + len(family) - 1
        for length in range(longest, len(family), -1):
            end = start + length
            name = text[start:end]
            fits = end <= len(text) and _NAME.fullmatch(text, start, end) and name not in ordinary_words()
            if fits and (end in starts or _AFTER.match(text[end:])):
                yield Mention("person", start, end, name)
                reached = end
                break


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    body: dict[str, str | list[str]] = read_yaml(HERE / "mentions.yml")
    return tuple(
        (kind, re.compile(said))
        for kind, written in body.items()
        for said in ([written] if isinstance(written, str) else written)
    )
