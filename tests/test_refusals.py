"""Whatever the business refuses, there are words for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from string import Formatter
from typing import Any

import pytest
import yaml

from hrss.errors import Refusal
from tests.conftest import ROOT

SAID: dict[str, list[dict[str, Any]]] = {
    key: variations
    for path in sorted((ROOT / "data" / "responses").glob("*.yml"))
    for key, variations in yaml.safe_load(path.read_text(encoding="utf-8"))["responses"].items()
    if key.startswith("utter_refused_")
}


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in of.__subclasses__():
        if "key" in vars(kind):
            yield kind
        yield from refusals(kind)


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.key)
def test_a_refusal_has_its_sentence_and_the_blanks_are_its_fields(refusal: type[Refusal]) -> None:
    facts = {fact.name for fact in fields(refusal)}

    for variation in SAID[f"utter_refused_{refusal.key}"]:
        blanks = {blank for _, blank, _, _ in Formatter().parse(variation["text"]) if blank is not None}
        assert blanks <= facts
        assert variation["text"].endswith("。")


def test_no_sentence_is_without_its_refusal() -> None:
    assert {f"utter_refused_{refusal.key}" for refusal in refusals()} == set(SAID)
