"""A trained model of a few entries and examples, which is learnt, measured and loaded in a moment."""

from __future__ import annotations

from pathlib import Path

from faq import trained
from faq.book import Book, load_files
from faq.ranking import Ranker
from faq.trained import Trained
from faq.understanding import book_examples

ENTRIES = ("hn.login.uk", "hn.login.no_cert", "hn.refund.waive")
EVERY = 15  # of so many examples of the dialogue it knows one


def small_book() -> Book:
    shipped = load_files()
    return Book({entry_id: shipped[entry_id] for entry_id in ENTRIES}, 1)


def small_model(whole: Path, folder: Path) -> Path:
    """Make a folder of models with a small one installed; `whole` is the real one, whose examples it learns."""
    known = trained.load(whole, whole.stat().st_mtime)
    book, dialogue = small_book(), known.dialogue[::EVERY]
    ranker = Ranker().fit([*dialogue, *book_examples(book)], known.ranker.vectors)
    trained.save(Trained(ranker, dialogue, book.digest), "small", folder)
    path = folder / "model.tar.gz"
    (folder / trained.KEPT / "small.tar").replace(path)
    return path
