"""What a proof of identity allows, and how long it lasts."""

import pytest

from hrss import authority, conversations, proofs
from hrss.authority import Act
from hrss.errors import ProofNeeded
from hrss.proofs import How
from hrss.subjects import Subject, SubjectKind
from tests.hrss.people import Talk, prove_chen

PERSON = SubjectKind.PERSON


def test_a_proof_ends_after_fifteen_idle_minutes(talk: Talk) -> None:
    prove_chen(talk)

    talk.later(minutes=14)
    assert talk.ask(proofs.current)
    talk.later(minutes=14)  # it was used in between
    assert talk.ask(proofs.current)
    talk.later(minutes=1)
    assert talk.ask(authority.require, act=Act.SEE_LOGIN, kind=PERSON)


def test_an_idle_proof_is_none(talk: Talk) -> None:
    prove_chen(talk)

    talk.later(minutes=15)

    with pytest.raises(ProofNeeded):
        talk.ask(authority.require, act=Act.SEE_LOGIN, kind=PERSON)


def test_a_proof_ends_with_its_conversation(talk: Talk) -> None:
    prove_chen(talk)

    talk.ask(conversations.end)

    assert talk.ask(proofs.current) == ()


def test_a_proof_is_of_one_conversation(talk: Talk, new_talk: object) -> None:
    prove_chen(talk)

    assert new_talk().ask(proofs.current) == ()


def test_the_newest_proof_counts(talk: Talk) -> None:
    for person in ("demo_chenjing", "demo_zhaomin"):
        talk.ask(proofs.give, how=How.TOKEN, subject=Subject(PERSON, person))
        talk.later(seconds=1)

    assert talk.ask(authority.require, act=Act.SEE_LOGIN, kind=PERSON).subject.id == "demo_zhaomin"
