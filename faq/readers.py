"""Readers of books that are not, or not yet, the one that answers; fitted as the bot fits its own, and kept a while."""

from __future__ import annotations

import threading
from collections import OrderedDict

from faq.book import Book
from faq.ranking import Ranker
from faq.trained import Trained
from faq.understanding import Thresholds, Understanding, book_examples

KEPT = 4  # rankers

_fitted: OrderedDict[tuple[str, Ranker], Ranker] = OrderedDict()
_fitting = threading.Lock()


def reader(book: Book, trained: Trained, thresholds: Thresholds | None = None) -> Understanding:
    """Read as the bot would from this book; the first time a book is asked, its ranker is fitted, which takes seconds."""
    if book.digest == trained.digest:
        return Understanding(book, trained.ranker, thresholds)
    with _fitting:
        key = (book.digest, trained.ranker)
        if key not in _fitted:
            _fitted[key] = Ranker().fit([*trained.dialogue, *book_examples(book)], trained.ranker.vectors)
        _fitted.move_to_end(key)
        while len(_fitted) > KEPT:
            _fitted.popitem(last=False)
        return Understanding(book, _fitted[key], thresholds)
