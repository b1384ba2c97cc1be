"""The dictionary that cuts a text into words: jieba's, with those of the halls."""

from __future__ import annotations

from functools import cache

import jieba

from faq.book import HERE


@cache
def segmenter() -> jieba.Tokenizer:
    jieba.setLogLevel(60)
    made = jieba.Tokenizer()
    made.load_userdict(str(HERE / "lexicon" / "words.txt"))
    return made
