"""U7 and R10: a check tells what the registration page tells, and no more."""

from dataclasses import fields

import pytest

from hrss import registration
from hrss.errors import ResidentIdWrongCheckDigit, TooManyChecks, UsccWrongLength
from hrss.registration import Registration
from hrss.subjects import SubjectKind
from tests.hrss.people import CHEN, NOBODY, REAL_NAMED, Talk

PERSON, ORGANIZATION = SubjectKind.PERSON, SubjectKind.ORGANIZATION


@pytest.mark.parametrize(
    ("kind", "province", "number", "used"),
    [
        (PERSON, "gd", CHEN["certificate"], True),
        (PERSON, "gd", "H01234567", True),
        (PERSON, "gd", NOBODY["certificate"], False),
        (PERSON, "hn", CHEN["certificate"], False),  # another platform
        (PERSON, "gd", "440402199605140004", False),  # known as a person, without an account
        (ORGANIZATION, "gd", " 91440101ma00000156 ", True),
        (ORGANIZATION, "gd", "00000018-2", True),  # U1: an older account
        (ORGANIZATION, "gd", "91440101MA00000824", False),
        (ORGANIZATION, "hn", REAL_NAMED["number"], False),
    ],
)
def test_u7_a_number_is_used_or_not(
    talk: Talk, kind: SubjectKind, province: str, number: str, used: bool
) -> None:
    assert Registration(used) == talk(registration.check, province=province, kind=kind, number=number)


def test_r10_a_check_tells_used_or_not_and_nothing_else() -> None:
    assert [field.name for field in fields(Registration)] == ["used"]


def test_r10_numbers_cannot_be_tried_through(talk: Talk) -> None:
    for _ in range(10):
        talk(registration.check, province="gd", kind=PERSON, number=NOBODY["certificate"])

    with pytest.raises(TooManyChecks) as refused:
        talk(registration.check, province="gd", kind=PERSON, number=CHEN["certificate"])

    assert refused.value.facts == {"limit": 10}
    talk.later(hours=1)
    assert talk(registration.check, province="gd", kind=PERSON, number=CHEN["certificate"]).used


def test_a_mistyped_number_is_asked_for_again_and_is_no_check(talk: Talk) -> None:
    for _ in range(11):
        with pytest.raises(ResidentIdWrongCheckDigit):
            talk(registration.check, province="gd", kind=PERSON, number="441900199511020008")
    with pytest.raises(UsccWrongLength):
        talk(registration.check, province="gd", kind=ORGANIZATION, number="91440101MA0000015")
