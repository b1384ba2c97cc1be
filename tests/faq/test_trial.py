"""Trying a changed book: what gets better and worse is found before anybody is answered from it."""

from dataclasses import replace
from pathlib import Path

import pytest

from faq import trained, trial
from faq.book import Book, load_files
from faq.readers import reader
from faq.reading import Context
from faq.trial import Change, Origin, Question

ASKED = "我那个登录用的密码好几年了怕不安全"
WANTED = "gd.password.change"


@pytest.fixture(scope="module")
def model(model: Path) -> trained.Trained:
    return trained.load(model, model.stat().st_mtime)


@pytest.fixture(scope="module")
def book() -> Book:
    return load_files()


def with_phrases(book: Book, entry_id: str, *said: str, without: bool = False) -> Book:
    entry = book[entry_id]
    phrases = {} if without else dict(entry.phrases)
    phrases["plain"] = (*phrases.get("plain", ()), *said)
    return Book({**book.entries, entry_id: replace(entry, phrases=phrases)}, book.version)


def test_what_training_left_is_read_without_rasa(model: trained.Trained, book: Book) -> None:
    assert model.dialogue
    assert {example.label.split(":")[0] for example in model.dialogue} == {"intent", "outside"}
    assert model.digest == book.digest
    assert reader(book, model).read("怎么绑定经办人", Context(province="gd")).candidates


def test_a_trial_shows_what_gets_better_and_what_worse(model: trained.Trained, book: Book) -> None:
    """A phrase that is right for its entry, and one that belongs to another."""
    stolen = book["gd.password.unit"].phrases["plain"][0]
    changed = with_phrases(book, WANTED, ASKED, stolen)
    questions = [
        Question(ASKED, "gd", WANTED, "answer", Origin.QUESTION),
        Question(stolen, "gd", "gd.password.unit", "answer", Origin.QUESTION),
        Question("今天天气怎么样", None, None, "none", Origin.QUESTION),
    ]
    steps: list[tuple[int, int]] = []

    result = trial.run(
        book, changed, [], questions, model, lambda done, total: steps.append((done, total)), folds=0
    )

    assert result.asked == 3
    found = {each.question.text: each for each in result.differences}
    assert found[stolen].change is Change.WORSE
    assert found[stolen].after.entry == WANTED
    assert ASKED not in found or found[ASKED].change is Change.BETTER
    assert "今天天气怎么样" not in found
    assert result.confused == (("gd.password.unit", WANTED, 1),)
    assert steps == [(1, 2), (2, 2)]


def test_saved_conversations_are_said_again_with_what_went_before(model: trained.Trained, book: Book) -> None:
    dialogue = {
        "province": "gd",
        "turns": [
            {"say": "你好呀", "decision": "chat", "intent": "greet"},
            {
                "say": "想把单位的常用联系人换成新来的同事，该怎么弄",
                "decision": "answer",
                "entry": "gd.unbind.common_contact",
            },
        ],
    }

    result = trial.run(book, book, [dialogue], [], model, folds=0)

    assert (result.asked, result.right, result.differences) == (2, (2, 2), ())


@pytest.mark.timeout(900)
def test_phrases_are_asked_of_a_book_that_was_not_taught_them(
    monkeypatch: pytest.MonkeyPatch, model: trained.Trained, book: Book
) -> None:
    """Every phrase of the province in one fold, none of them known to the ranker that reads it."""
    small = Book({entry.id: entry for entry in book if entry.province == "hn"}, 1)
    changed = with_phrases(small, "hn.login.uk", "插了盾还是进不去网厅", without=True)
    model = model._replace(dialogue=model.dialogue[::10])  # four rankers are fitted
    taught: list[set[str]] = []
    fitted = trial._fitted

    def noting(book: Book, model: trained.Trained, vectors: dict[str, object]) -> object:
        taught.append({said for entry in book for said in entry.said()})
        return fitted(book, model, vectors)

    monkeypatch.setattr(trial, "_fitted", noting)

    result = trial.run(small, changed, [], [], model, folds=2)

    assert len(taught) == 4  # the books as they are were read before, or are kept for the next trial
    whole = {said for entry in small for voice in entry.phrases.values() for said in voice}
    assert result.asked == len(whole | {"插了盾还是进不去网厅"})
    assert not taught[0] & taught[1] & whole
    lost = [each for each in result.differences if each.question.entry == "hn.login.uk"]
    assert sum(each.change is Change.WORSE for each in lost) > sum(
        each.change is Change.BETTER for each in lost
    )
