from pathlib import Path

import pytest
from sqlalchemy import func, select

from hrss import staff
from hrss.__main__ import main
from hrss.database import Database
from hrss.settings import SETTINGS
from hrss.staff import Role, SignIn
from hrss.tables import StaffMember


@pytest.fixture(autouse=True)
def in_an_empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)


def test_without_secrets_a_command_says_how_to_get_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 2

    assert "python -m hrss init" in capsys.readouterr().err


def test_the_demo_tells_each_password_once_and_each_one_works(
    capsys: pytest.CaptureFixture[str], now: object
) -> None:
    main(["init"])
    capsys.readouterr()

    assert main(["demo"]) == 0
    told = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert main(["demo"]) == 0
    assert capsys.readouterr().out == ""

    assert {f"demo_{role.value}" for role in Role} == set(told)
    with Database("sqlite:///var/hrss.db").transaction() as session:
        for username, password in told.items():
            assert staff.sign_in(session, username, password, now).result == SignIn.ACCEPTED


def test_a_fresh_demo_begins_from_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    main(["demo"])
    with Database("sqlite:///var/hrss.db").transaction() as session:
        session.delete(session.get(StaffMember, "demo_auditor"))
    capsys.readouterr()

    main(["demo", "--fresh"])

    assert len(capsys.readouterr().out.splitlines()) == 5
    with Database("sqlite:///var/hrss.db").reading() as session:
        assert session.scalar(select(func.count()).select_from(StaffMember)) == 5


@pytest.fixture
def demo(capsys: pytest.CaptureFixture[str]) -> Database:
    main(["init"])
    main(["demo"])
    capsys.readouterr()
    return Database("sqlite:///var/hrss.db")


def test_cases_are_listed_shown_and_decided_once(demo: Database, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cases", "list"])
    number = capsys.readouterr().out.split()[0]

    assert main(["cases", "show", number]) == 0
    shown = capsys.readouterr().out
    assert main(["cases", "reject", number, "--by", "demo_reviewer", "--reason", "照片不清楚"]) == 0
    assert main(["cases", "approve", number, "--by", "demo_reviewer"]) == 1
    decided = capsys.readouterr()

    assert "certificate: " in shown and "*" in shown
    assert "未通过" in decided.out
    assert "case_already_decided" in decided.err
    main(["cases", "list", "--all"])
    assert number in capsys.readouterr().out
    main(["cases", "list"])
    assert number not in capsys.readouterr().out


def test_a_case_is_returned_with_a_reason_by_someone_who_may(
    demo: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["cases", "list"])
    number = capsys.readouterr().out.split()[0]

    assert main(["cases", "return", number, "--by", "demo_trainer", "--reason", "反光"]) == 1
    assert main(["cases", "return", number, "--by", "demo_reviewer", "--reason", "反光"]) == 0

    assert "需补充材料" in capsys.readouterr().out


def test_what_waits_in_the_outbox_is_sent(demo: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sms"]) == 0
    assert "sent" in capsys.readouterr().out
    assert main(["sms"]) == 0
    assert "nothing to send" in capsys.readouterr().out


def test_sweeping_and_rotating_leave_a_fresh_hall_as_it_is(
    demo: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep"]) == main(["rotate"]) == 0

    assert "nothing is past its time" in capsys.readouterr().out
