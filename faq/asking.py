"""
What a text asks, apart from what it tells.

密码忘了，手机也换了，营业执照在手上，去哪儿改 asks one thing and tells three; what is told has words of other topics.
"""

from __future__ import annotations

import re
from functools import cache

from faq.book import HERE, read_yaml

SHORT = 8  # characters of a clause that is no question without the one before it: 咋办, 能改吗

_BREAK = re.compile(r"[,，。?？!！;；、…~]+|(?<=[一-龥]) (?=[一-龥])")


@cache
def _asks() -> re.Pattern[str]:
    return re.compile(read_yaml(HERE / "lexicon" / "asking.yml")["asks"])


def asked(cleaned: str) -> str:
    """
    Return the clauses of a cleaned text that ask, or the last one when none does.

    >>> asked("授权码实名做完也重新登录过了,站在首页不知道办工伤该往哪个口子进")
    '站在首页不知道办工伤该往哪个口子进'
    >>> asked("个人账号密码忘了,咋办")
    '个人账号密码忘了,咋办'
    """
    clauses = [clause for part in _BREAK.split(cleaned) if (clause := part.strip())]
    if len(clauses) < 2:
        return cleaned
    asking = [place for place, clause in enumerate(clauses) if _asks().search(clause)] or [len(clauses) - 1]
    before = [place - 1 for place in asking if place and len(clauses[place]) < SHORT]
    return ",".join(clauses[place] for place in sorted({*asking, *before}))
