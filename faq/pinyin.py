"""
Pinyin among the characters, read as the words it spells: geren zhuce is 个人注册, and deng录 is 登录.

Only whole words are read, the one that is said most for each spelling; letters that spell no words stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from pypinyin import lazy_pinyin

from faq.book import HERE, read_yaml
from faq.segmenter import segmenter

SAID_OFTEN = 300  # times in jieba's corpus; rarer words take the place of what is meant
LONGEST_WORD = 4  # characters

_LETTERS = re.compile(r"(?<![a-z0-9@./_-])[a-z]{2,40}(?: [a-z]{2,40})*(?![a-z0-9@/_-]|\.[a-z0-9])")
_CHARACTERS = re.compile(r"[一-龥]+")


class Spelt(NamedTuple):
    """`words` by their whole pinyin; `halves` by one syllable and the character before or after it, which is kept."""

    words: Mapping[str, str]
    halves: Mapping[tuple[str, str], str]
    longest: int


def read_pinyin(text: str) -> str:
    """
    Return a plain text with the characters of what is written in pinyin.

    >>> read_pinyin("danwei zhuce在哪点,deng录不了")
    '单位注册在哪点,登录不了'
    >>> read_pinyin("https://ggfw.hrss.gd.gov.cn 的uk")
    'https://ggfw.hrss.gd.gov.cn 的uk'
    """
    return _LETTERS.sub(_in_characters, text)


def _in_characters(found: re.Match[str]) -> str:
    """Read a row of spellings; between two that are read the space goes, for there it only parts syllables."""
    text, row = found.string, found.group().split(" ")
    beside = [f"{text[: found.start()][-1:]}_", f"_{text[found.end() :][:1]}"]
    read = [_word(letters, beside) for letters in row]
    said = read[0] or row[0]
    for place in range(1, len(row)):
        gap = "" if read[place - 1] and read[place] else " "
        said += gap + (read[place] or row[place])
    return said


def _word(letters: str, beside: Sequence[str]) -> str | None:
    if letters in _lexicon()["not_pinyin"]:
        return None
    spelt = _spelt()
    half = (spelt.halves.get((letters, character)) for character in beside)
    return next(filter(None, half), None) or _words(letters, spelt)


def _words(letters: str, spelt: Spelt) -> str | None:
    """Return the fewest words that spell all of the letters, among them one of two characters or more."""
    alone: Mapping[str, str] = _lexicon()["alone"]
    best: list[tuple[int, str] | None] = [(0, ""), *[None] * len(letters)]
    for end in range(2, len(letters) + 1):
        for start in range(max(0, end - spelt.longest), end):
            piece, so_far = letters[start:end], best[start]
            word = spelt.words.get(piece) or alone.get(piece)
            if word and so_far and (best[end] is None or so_far[0] + 1 < best[end][0]):  # type: ignore[index]
                best[end] = (so_far[0] + 1, so_far[1] + word)
    whole = best[-1]
    return whole[1] if whole and len(whole[1]) > whole[0] else None


@cache
def _lexicon() -> Mapping[str, Mapping[str, str]]:
    lexicon: Mapping[str, Mapping[str, str]] = read_yaml(HERE / "lexicon" / "pinyin.yml")
    return lexicon


@cache
def _spelt() -> Spelt:
    """Return the spellings of all that is said often, once a process: half a second, when the book's phrases are first read."""
    dictionary = segmenter()
    dictionary.initialize()
    words: dict[str, str] = {}
    halves: dict[tuple[str, str], str] = {}
    often = ((count, word) for word, count in dictionary.FREQ.items() if count >= SAID_OFTEN)
    for _, word in sorted(often, reverse=True):
        if not (2 <= len(word) <= LONGEST_WORD and _CHARACTERS.fullmatch(word)):
            continue
        syllables = lazy_pinyin(word)
        words.setdefault("".join(syllables), word)
        if len(word) == 2:
            halves.setdefault((syllables[0], f"_{word[1]}"), word[0])
            halves.setdefault((syllables[1], f"{word[0]}_"), word[1])
    words.update(_lexicon()["words"])
    return Spelt(words, halves, max(map(len, words)))
