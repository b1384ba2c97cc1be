from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module

import pytest

import hrss.errors
from hrss.errors import Refusal

# What a dispatcher of messages would swallow instead of passing on to a sentence.
RESERVED = {"text", "image", "json_message", "template", "response", "attachment", "buttons", "elements"}


def families(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for family in of.__subclasses__():
        yield family
        yield from families(family)


LEAVES = [refusal for refusal in families() if not refusal.__subclasses__()]


def test_the_page_shows_the_tree_as_it_is() -> None:
    shown = [
        line.split()[1].rstrip(":")
        for line in hrss.errors.__doc__.splitlines()
        if line.strip()[:1] in "*+-·"[:4] and line.strip()
    ]

    assert [refusal.__name__ for refusal in (Refusal, *families())] == shown


def test_every_refusal_has_a_key_of_its_own() -> None:
    keys = [refusal.key for refusal in LEAVES]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("refusal", LEAVES)
def test_facts_can_fill_the_blanks_of_a_sentence(refusal: type[Refusal]) -> None:
    assert not RESERVED & {fact.name for fact in fields(refusal)}


def test_no_refusal_hides_in_another_module() -> None:
    for name in (
        "conversations",
        "vault",
        "staff",
        "books",
        "identifiers",
        "case_review",
        "levels",
        "live_person",
    ):
        import_module(f"hrss.{name}")

    assert {"hrss.errors"} == {refusal.__module__ for refusal in families()}
