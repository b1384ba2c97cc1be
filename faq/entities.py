"""The values that one sentence carries: tokens of the vault, codes, and the names of people and organizations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from faq.book import HERE, read_yaml

# The vault's labels, as the kinds that flows ask for.
TOKENS = {
    "身份证": "certificate",
    "证件": "certificate",
    "手机": "phone",
    "银行卡": "bank_card",
    "验证码": "sms_code",
    "密码": "password",
    "密保答案": "security_answer",
    "授权码": "grant_code",
}
SHORTEST_ORG = 6  # characters of an organization's name
INTRODUCING = 2  # values in one message
_TOKEN = re.compile(r"〔([^〔〕#]{1,4})#[0-9]{1,9}〕")
_NAMED_TOKEN = re.compile(
    r"(?:身份证|证件|手机|电话|银行卡|验证码|密码|卡)?(?:号码?)?[是为:： ]{0,3}〔[^〔〕#]{1,4}#[0-9]{1,9}〕"
)
_PICTURE = re.compile(r"〔图片#[0-9]{1,9}〕")
_USCC = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{2}(?:[ -]?[0-9A-Za-z]){15}[ -]?[0-9A-Za-z](?![0-9A-Za-z])")
_ORG_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{8}-[0-9Xx](?![0-9A-Za-z])")
_CASE_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:GD|HN|gd|hn)[0-9A-Za-z]{7}(?![0-9A-Za-z])")
_ORG_NAME = re.compile(
    r"[一-龥A-Za-z0-9（）()·]{2,40}?(?:有限责任公司|股份有限公司|有限公司|分公司|公司|集团|合作社|事务所|经营部|工作室|"
    r"商行|研究院|研究所|幼儿园|学校|医院|协会|工厂|制造厂|服务中心|门市部|食品厂|加工厂)"
)
_BEFORE_ORG = re.compile(
    r"^.*?(?:单位名称是?|公司名称是?|单位是|公司是|公司叫|单位叫|名称是|名字是|我们是|我是|代码)"
)
_SPLIT = re.compile(r"[^一-龥]+")
_BEFORE_NAME = re.compile(
    r"^(?:[他她]?(?:我|他|她)?(?:的)?(?:姓名|名字|经办人|常用联系人|联系人|法人|同事|本人)?(?:现在)?(?:叫做?|是|为|改成)?(?:我)?)"
)
_AFTER_NAME = re.compile(r"(?:身份证|证件|手机|电话|号码|的|，|,|今年|她|他|就|以前).*$")


class Value(NamedTuple):
    """`kind` is a key of `TOKENS`' values, or org_number, case_number, org_name, person_name, photo."""

    kind: str
    value: str


def values(text: str) -> list[Value]:
    """Return what a masked text carries, in no particular order; one text may carry several of a kind."""
    text = unicodedata.normalize("NFKC", text.replace("〔", "\u0001").replace("〕", "\u0002"))
    text = text.replace("\u0001", "〔").replace("\u0002", "〕")
    found = [Value("photo", match.group()) for match in _PICTURE.finditer(text)]
    for match in _TOKEN.finditer(text):
        if match.group(1) in TOKENS:
            found.append(Value(TOKENS[match.group(1)], match.group()))
    rest = _TOKEN.sub(" ", text)
    for kind, pattern in (("org_number", _USCC), ("org_number", _ORG_CODE), ("case_number", _CASE_NUMBER)):
        for match in pattern.finditer(rest):
            if kind != "org_number" or any(char.isdigit() for char in match.group()):
                found.append(Value(kind, match.group()))
        rest = pattern.sub(" ", rest)
    for match in _ORG_NAME.finditer(rest):
        name = _BEFORE_ORG.sub("", match.group())
        if len(name) >= SHORTEST_ORG:
            found.append(Value("org_name", name))
            rest = rest.replace(match.group(), " ")
    name_of_person = person_name(rest)
    if name_of_person:
        found.append(Value("person_name", name_of_person))
    return found


def organizations(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the names of organizations stand in a text, without what leads up to them."""
    for match in _ORG_NAME.finditer(text):
        name = _BEFORE_ORG.sub("", match.group())
        if len(name) >= SHORTEST_ORG:
            yield match.end() - len(name), match.end()


def introduces(text: str) -> bool:
    """Whether a masked text gives several values: so does who says who they are."""
    return len(_TOKEN.findall(text)) >= INTRODUCING


def without_values(text: str) -> str:
    """Return a masked text without its tokens and the words that name them: what it says besides."""
    return _NAMED_TOKEN.sub(" ", text)


def person_name(text: str) -> str | None:
    """Return the first thing in a text that is written like a name of two to four characters, by its surname."""
    for piece in _SPLIT.split(text):
        name = _AFTER_NAME.sub("", _BEFORE_NAME.sub("", piece, count=1))
        if 2 <= len(name) <= 4 and name.startswith(surnames()) and name not in ordinary_words():
            return name
    return None


@cache
def surnames() -> tuple[str, ...]:
    """Return the surnames that names begin with, those of two characters last."""
    single, compound = (HERE / "lexicon" / "surnames.txt").read_text(encoding="utf-8").split("\n", 1)
    return (*single, *compound.split())


@cache
def ordinary_words() -> frozenset[str]:
    """Words that begin like a name and are none."""
    return frozenset((HERE / "lexicon" / "not_names.txt").read_text(encoding="utf-8").split())


@cache
def reply_patterns() -> dict[str, re.Pattern[str]]:
    """Return how people say yes, no, cancel, back, that something was wrong, and that no code came."""
    body: dict[str, str] = read_yaml(HERE / "lexicon" / "replies.yml")
    return {name: re.compile(pattern) for name, pattern in body.items()}


def replies(cleaned: str) -> set[str]:
    """Return which of `reply_patterns` a cleaned text is."""
    return {name for name, pattern in reply_patterns().items() if pattern.search(cleaned.strip())}
