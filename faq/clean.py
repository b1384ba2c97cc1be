"""One spelling for what people write in many: the first stage of understanding."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

import zhconv

from faq.book import HERE, read_yaml
from faq.pinyin import read_pinyin

LONGEST = 500  # characters that understanding looks at; a question says what it wants well before that

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_SPACE = re.compile(r"\s+")
_TOKEN = re.compile(r"〔[^〔〕#]{1,4}#[0-9]{1,9}〕")  # what the vault puts in the place of a personal value
_REPEATED = re.compile(r"(.)\1{3,}")


def plain(text: str) -> str:
    """
    Return the text as a person would read it: NFKC, simplified, lower case, nothing invisible.

    >>> plain("請問ＬＯＧＩＮ　帳號\u200b？")
    '请问login 账号?'
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[: 4 * LONGEST]))
    text = _SPACE.sub(" ", text.lower()).strip()[:LONGEST].rstrip()
    return _REPEATED.sub(r"\1\1\1", str(zhconv.convert(text, "zh-cn")))


def clean(text: str) -> str:
    """Return the plain text with the platform's words spelt as the book spells them: Cantonese, typos and pinyin included."""
    wanted = _rewrites()
    rewritten = _pattern().sub(lambda found: wanted[found.group()], plain(_TOKEN.sub(" ", text)))
    return read_pinyin(rewritten)


def letters(text: str) -> str:
    """Keep letters and digits only: what two texts share when they differ by punctuation."""
    return "".join(char for char in text if char.isalnum())


def heard(text: str) -> str:
    """Return what understanding hears: texts that differ in nothing else are the same to it."""
    return letters(clean(text))


@lru_cache(maxsize=100_000)
def heard_in_book(phrase: str) -> str:
    """Return the same of what the book says, which is asked again at every look at it; what people say is not kept here."""
    return heard(phrase)


@cache
def _rewrites() -> dict[str, str]:
    groups = read_yaml(HERE / "lexicon" / "rewrites.yml")
    ordinary = {word: word for word in groups.pop("ordinary")}
    return ordinary | {
        plain(wrong): right
        for group in groups.values()
        for right, wrongs in group.items()
        for wrong in wrongs
    }


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(wrong) for wrong in sorted(_rewrites(), key=len, reverse=True)))
