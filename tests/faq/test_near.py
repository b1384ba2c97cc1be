"""Two near topics are told apart by a question of their own, and everything it offers stands in the book."""

from __future__ import annotations

from faq.book import load_files
from faq.near import load_near_topics, telling_apart

BOOK = load_files()


def test_the_worst_pairs_have_a_question_that_tells_them_apart() -> None:
    assert len(load_near_topics()) >= 20
    for pair, near in load_near_topics().items():
        assert len(pair) == 2 and all(entry in BOOK for entry in pair), pair
        assert len({BOOK[entry].province for entry in pair}) == 1, pair
        assert near.ask.endswith("？")
        assert len(set(near.labels.values())) == 2
        assert all(1 < len(label) <= 16 for label in near.labels.values()), near.labels


def test_two_that_are_near_are_told_apart_and_three_are_not() -> None:
    two = ["gd.authcode.verify", "gd.authcode.apply"]
    near = telling_apart(two)

    assert near is not None
    assert set(near.labels) == set(two)
    assert telling_apart([*two, "gd.authcode.window"]) is None
    assert telling_apart(["gd.authcode.verify", "hn.login.uk"]) is None
