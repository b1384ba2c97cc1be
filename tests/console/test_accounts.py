"""One's own account, and the accounts of staff."""

import re
from datetime import datetime, timedelta

import pyotp
import pytest
from flask import Flask

from console import records, sign_in
from hrss import staff
from hrss.__main__ import main
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import AuditEntry
from tests.console.staff_browser import PASSWORD, USERNAME, Browser

NEW = "another-long-passphrase"


@pytest.fixture
def administrator(app: Flask, database: Database, now: datetime) -> Browser:
    with database.transaction() as session:
        staff.add(session, "boss", "管理员甲", Role.ADMINISTRATOR, PASSWORD, now)
    browser = Browser(app.test_client())
    browser.sign_in("boss")
    return browser


def told(page: str) -> str:
    return re.search(r'一次性密码是 <code class="secret">(\w+)</code>', page).group(1)


def test_a_new_colleague_changes_the_one_time_password_before_anything_else(
    app: Flask, administrator: Browser, database: Database
) -> None:
    page = administrator.post("/staff", username="chen_yu", name="陈宇", role="reviewer").text
    newcomer = Browser(app.test_client())

    newcomer.sign_in("chen_yu", told(page))
    assert newcomer.get("/conversations").location == "/account"
    assert "请先改成自己的密码" in newcomer.get("/account").text
    changed = newcomer.post("/account/password", form_on="/account", old=told(page), new=NEW, again=NEW)

    assert changed.location == "/account?done=password"
    assert newcomer.get("/conversations").status_code == 200
    with database.reading() as session:
        did = [(row.did, row.staff, row.subject_id) for row in session.query(AuditEntry)]
    assert ("staff.added", "boss", "chen_yu") in did
    assert told(page) not in administrator.get("/staff").text


def test_changing_a_password_ends_the_other_sessions_and_no_weak_one_is_taken(
    app: Flask, colleague: Browser
) -> None:
    elsewhere = Browser(app.test_client())
    elsewhere.sign_in()
    for new, again, why in (
        (NEW, "something-else", "两次输入的新密码不一样"),
        ("short", "short", "新密码至少12个字符"),
        (f"{USERNAME}-2026-11", f"{USERNAME}-2026-11", "不能包含用户名"),
    ):
        page = colleague.post("/account/password", form_on="/account", old=PASSWORD, new=new, again=again)
        assert why in page.text
    page = colleague.post("/account/password", form_on="/account", old="wrong", new=NEW, again=NEW)
    assert "原密码不对" in page.text

    colleague.post("/account/password", form_on="/account", old=PASSWORD, new=NEW, again=NEW)

    assert colleague.get("/conversations").status_code == 200
    assert elsewhere.get("/conversations").status_code == 302


def test_a_second_factor_is_asked_from_the_next_sign_in_on_and_each_code_is_good_once(
    app: Flask, colleague: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = records.now()
    monkeypatch.setattr("console.account.now", lambda: begun)
    page = colleague.get("/account").text
    secret = "".join(re.search(r'class="secret">([A-Z2-7 ]+)<', page).group(1).split())
    totp = pyotp.TOTP(secret)

    assert "动态码不对" in colleague.post("/account/code", form_on="/account", code="000000").text
    enabled = colleague.post("/account/code", form_on="/account", code=totp.at(begun))
    assert enabled.location == "/account?done=code_on"

    def sign_in_at(minutes: int, code: str) -> int:
        monkeypatch.setattr(sign_in, "now", lambda: begun + timedelta(minutes=minutes))
        return (
            Browser(app.test_client())
            .post("/sign-in", username=USERNAME, password=PASSWORD, code=code)
            .status_code
        )

    fresh = totp.at(begun + timedelta(minutes=5))
    assert sign_in_at(0, totp.at(begun)) == 401  # the one that turned it on
    assert sign_in_at(5, "") == 401
    assert sign_in_at(5, f"{fresh[:3]} {fresh[3:]}") == 302
    assert sign_in_at(5, fresh) == 401
    assert sign_in_at(60, fresh) == 401


def test_an_administrator_sets_roles_and_takes_accounts_away_but_not_their_own(
    app: Flask, administrator: Browser, colleague: Browser
) -> None:
    administrator.post(f"/staff/{USERNAME}/role", form_on="/staff", role="auditor")
    assert colleague.get("/conversations").status_code == 302  # a new role, a new session
    colleague.sign_in()
    assert colleague.get("/conversations").status_code == 403

    administrator.post(f"/staff/{USERNAME}/deactivate", form_on="/staff")
    assert colleague.sign_in().status_code == 401
    administrator.post(f"/staff/{USERNAME}/activate", form_on="/staff")
    assert colleague.sign_in().status_code == 302

    for action in ("deactivate", "role"):
        response = administrator.post(f"/staff/boss/{action}", form_on="/staff", role="auditor")
        assert response.status_code == 403


@pytest.mark.parametrize("username", ["", "陈宇", "a b", "Chen", "x"])
def test_a_username_is_one_that_can_be_typed(administrator: Browser, username: str) -> None:
    page = administrator.post("/staff", username=username, name="陈宇", role="reviewer")

    assert page.status_code == 409
    assert "用户名要用小写字母开头" in page.text


def test_a_session_ends_after_a_day_of_work_however_busy(
    colleague: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = records.now() + sign_in.LONGEST + timedelta(seconds=2)
    monkeypatch.setattr(sign_in, "now", lambda: later)

    assert colleague.get("/conversations").status_code == 302


def test_the_first_administrator_is_made_by_a_command(
    app: Flask,
    database: Database,
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("hrss.settings.Settings.from_env", lambda *_: settings)
    assert main(["administrator", "first_admin", "--name", "王管理"]) == 0
    username, password = capsys.readouterr().out.split()
    browser = Browser(app.test_client())

    assert browser.sign_in(username, password).status_code == 302
    assert browser.get("/staff").location == "/account"
    assert main(["administrator", "Not A Name"]) == 1
