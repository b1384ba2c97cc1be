"""What is decided when two entries are nearly as likely: what the text states outright settles it."""

from __future__ import annotations

import pytest

from faq.book import load_files
from faq.ranking import Ranker
from faq.reading import Context, Decision
from faq.understanding import Understanding, load_clarifications

BOOK = load_files()


class Torn(Ranker):
    """Gives two entries nearly the same."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(encoder_name=None)
        self._shares = {f"entry:{one}": 0.50, f"entry:{other}": 0.48}

    def scores(self, cleaned: str) -> dict[str, float]:
        return self._shares


def read(text: str, one: str, other: str, province: str = "gd") -> tuple[Decision, str | None]:
    reading = Understanding(BOOK, Torn(one, other)).read(text, Context(province=province))
    return reading.decision, reading.entry


@pytest.mark.parametrize(
    ("text", "one", "other", "answered"),
    [
        (
            "单位那串密码谁也想不起，去年做过实名的",
            "gd.password.unit",
            "gd.password.unit_verified_only_contact",
            "gd.password.unit_verified_only_contact",
        ),
        ("没有uk的厂子从哪个口子进去呢", "hn.login.uk", "hn.login.no_cert", "hn.login.no_cert"),
    ],
)
def test_nobody_is_asked_what_they_have_just_said(text: str, one: str, other: str, answered: str) -> None:
    assert read(text, one, other, answered[:2]) == (Decision.ANSWER, answered)


@pytest.mark.parametrize("text", ["单位那串密码谁也想不起了呀", "单位那串密码谁也想不起，没做过实名呢"])
def test_what_is_not_stated_or_is_otherwise_is_asked(text: str) -> None:
    one, other = "gd.password.unit", "gd.password.unit_verified_only_contact"
    assert read(text, one, other) == (Decision.WHICH, None)


def test_the_other_halls_entry_takes_little_from_ones_own() -> None:
    """Both have one for the matter, and without its place it is said alike."""
    ours, theirs = "hn.refund.confirm_steps", "gd.login.unified_level_needed"

    class Alike(Torn):
        def scores(self, cleaned: str) -> dict[str, float]:
            return {f"entry:{theirs}": 0.75, f"entry:{ours}": 0.24}

    reading = Understanding(BOOK, Alike(ours, theirs)).read("给厂里那笔钱点个确认", Context(province="hn"))

    assert (reading.decision, reading.entry) == (Decision.ANSWER, ours)


def test_what_only_the_other_hall_has_is_offered_under_its_name() -> None:
    vague = load_clarifications()["grant_code_get"].phrases[0]

    reading = Understanding(BOOK, Torn("hn.login.uk", "hn.login.no_cert")).read(vague, Context(province="hn"))

    assert reading.decision is Decision.WHICH
    assert reading.choices
    assert all(choice.label and choice.label.startswith("广东") for choice in reading.choices)


@pytest.mark.parametrize(("province", "decided"), [("gd", Decision.ANSWER), ("hn", Decision.WHICH)])
def test_a_question_back_that_leaves_one_meaning_here_means_that(province: str, decided: Decision) -> None:
    """Guangdong has one address, Henan two."""

    class Vague(Torn):
        def scores(self, cleaned: str) -> dict[str, float]:
            return {"vague:site_address": 0.75, "entry:gd.login.address": 0.1, "entry:hn.login.address": 0.1}

    reading = Understanding(BOOK, Vague("", "")).read("那个网站到底是哪个网站哦", Context(province=province))

    assert reading.decision is decided
    assert reading.entry == ("gd.login.address" if decided is Decision.ANSWER else None)
