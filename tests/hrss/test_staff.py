from datetime import datetime, timedelta

import pytest

from hrss import staff
from hrss.database import Database
from hrss.errors import UsernameTaken
from hrss.staff import Role, SignIn
from hrss.tables import StaffMember

RIGHT, WRONG = "right horse", "wrong horse"


@pytest.fixture
def lin(database: Database, now: datetime) -> StaffMember:
    with database.transaction() as session:
        return staff.add(session, "lin", "林示例", Role.REVIEWER, RIGHT, now)


def sign_in(database: Database, password: str, now: datetime, username: str = "lin") -> SignIn:
    with database.transaction() as session:
        return staff.sign_in(session, username, password, now).result


def test_the_right_password_signs_its_owner_in(database: Database, lin: StaffMember, now: datetime) -> None:
    with database.transaction() as session:
        outcome = staff.sign_in(session, "lin", RIGHT, now)

    assert outcome.member is not None
    assert (
        outcome.result,
        outcome.member.name,
        outcome.member.role,
    ) == (SignIn.ACCEPTED, "林示例", "reviewer")
    assert RIGHT not in lin.password_hash


def test_a_wrong_password_and_an_unknown_name_sound_the_same(
    database: Database, lin: StaffMember, now: datetime
) -> None:
    assert sign_in(database, WRONG, now) == SignIn.WRONG
    assert sign_in(database, WRONG, now, username="nobody") == SignIn.WRONG


def test_five_failures_in_a_row_lock_for_a_quarter_of_an_hour(
    database: Database, lin: StaffMember, now: datetime
) -> None:
    attempts = [sign_in(database, WRONG, now) for _ in range(5)]

    assert attempts == [SignIn.WRONG] * 4 + [SignIn.LOCKED]
    assert sign_in(database, RIGHT, now + timedelta(minutes=14, seconds=59)) == SignIn.LOCKED
    assert sign_in(database, RIGHT, now + timedelta(minutes=15)) == SignIn.ACCEPTED


def test_a_success_forgets_the_failures_before_it(
    database: Database, lin: StaffMember, now: datetime
) -> None:
    for _ in range(2):
        for _ in range(4):
            sign_in(database, WRONG, now)
        assert sign_in(database, RIGHT, now) == SignIn.ACCEPTED


def test_a_name_is_given_once(database: Database, lin: StaffMember, now: datetime) -> None:
    with pytest.raises(UsernameTaken), database.transaction() as session:
        staff.add(session, "lin", "另一位", Role.AUDITOR, RIGHT, now)
