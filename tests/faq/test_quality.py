"""How well a book is read, measured on questions that the ranker was not taught."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faq import quality, trained
from faq.book import Book, load_files
from faq.trained import Trained
from faq.understanding import Thresholds

ENTRIES = ("hn.login.uk", "hn.login.no_cert", "hn.register.unit", "hn.refund.waive")
TWICE = ("想放弃这笔返还应该怎么选？", "想放弃这笔返还应该怎样选？")


@pytest.fixture(scope="module")
def report(model: Path) -> dict[str, Any]:
    """Of a book of four entries, in two folds, with some of what lies outside."""
    shipped = load_files()
    book = Book({entry_id: shipped[entry_id] for entry_id in ENTRIES}, 1)
    entry = book[ENTRIES[3]]
    more = {**entry.phrases, "plain": (*entry.phrases["plain"], *TWICE)}
    book.entries[entry.id] = replace(entry, phrases=more)
    whole = trained.load(model, model.stat().st_mtime)
    some = Trained(whole.ranker, whole.dialogue[::9], "")
    steps: list[tuple[int, int]] = []
    found = quality.measure(book, some, lambda done, total: steps.append((done, total)), folds=2)
    assert steps == [(1, 2), (2, 2)]
    return found.as_dict()


def test_everything_is_asked_once_and_has_become_something(report: dict[str, Any]) -> None:
    assert report["ours"] == sum(asked for asked, *_ in report["entries"].values()) > 120
    assert report["outside"] > 30
    assert len(report["scored"]) + sum(report["settled"].values()) == report["ours"] + report["outside"]
    assert set(report["entries"]) == set(ENTRIES)
    for asked, right, back, wrong in report["entries"].values():
        assert asked == right + back + wrong
        assert right > asked / 3  # not taught, and yet understood


def test_the_figures_are_those_of_what_was_decided(report: dict[str, Any]) -> None:
    figures = quality.at(report, Thresholds())

    assert figures.right == sum(right for _, right, _, _ in report["entries"].values())
    assert figures.asked_back == sum(back for _, _, back, _ in report["entries"].values())
    assert 0 < figures.precision <= 1 and 0 < figures.recall < 1


def test_a_higher_threshold_answers_less_and_more_rightly(report: dict[str, Any]) -> None:
    found = [figures for _, figures in quality.curve(report)]

    answered = [each.right + each.wrong + each.outside_answered for each in found]
    assert answered == sorted(answered, reverse=True) and answered[0] > answered[-1]
    assert found[-1].precision >= found[0].precision
    assert found[-1].recall < found[0].recall


def test_what_collides_and_what_says_nothing_new_is_named_with_its_phrases(report: dict[str, Any]) -> None:
    assert {TWICE} <= {(one, other) for _, one, other in report["redundant"]}
    with_and_without = {f"entry:{ENTRIES[0]}", f"entry:{ENTRIES[1]}"}
    assert any({wanted, given} == with_and_without for wanted, given, _ in report["confused"])
    for one, other, times, said, heard in report["collisions"]:
        assert one != other and times > 1 and said != heard
