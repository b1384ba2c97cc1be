import time
from datetime import timedelta
from urllib.parse import urlencode

import itsdangerous
import pytest
from flask import Flask

from hrss.database import Database
from hrss.staff import FAILURES_BEFORE_LOCK
from hrss.tables import StaffMember
from tests.console.staff_browser import PASSWORD, USERNAME, Browser

FAILED = "没有登录成功"


def masked(page: str) -> str:
    """The page without what differs from one load to the next."""
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


def test_a_member_of_staff_signs_in_and_out(stranger: Browser) -> None:
    assert stranger.sign_in().location == "/"
    page = stranger.get("/conversations")
    assert page.status_code == 200
    assert "林晓雨" in page.text
    assert "训练师" in page.text

    assert stranger.post("/sign-out", form_on="/conversations").location == "/sign-in"
    assert stranger.get("/conversations").status_code == 302


def test_a_wrong_password_and_an_unknown_name_look_the_same(app: Flask) -> None:
    wrong = Browser(app.test_client()).sign_in(password="wrong")
    unknown = Browser(app.test_client()).sign_in(username="nobody", password="wrong")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert FAILED in wrong.text
    assert masked(wrong.text).replace(USERNAME, "nobody") == masked(unknown.text)


def test_the_right_password_no_longer_helps_once_the_account_is_locked(stranger: Browser) -> None:
    for _ in range(FAILURES_BEFORE_LOCK):
        stranger.sign_in(password="wrong")

    response = stranger.sign_in()

    assert response.status_code == 401
    assert "连续输错 5 次，账号会锁定 15 分钟" in response.text
    assert stranger.get("/conversations").status_code == 302


def test_a_lock_gives_no_hint_that_the_account_exists(app: Flask) -> None:
    known, unknown = Browser(app.test_client()), Browser(app.test_client())
    for _ in range(FAILURES_BEFORE_LOCK + 1):
        locked = known.sign_in(password="wrong")
        never_was = unknown.sign_in(username="nobody", password="wrong")

    assert masked(locked.text).replace(USERNAME, "nobody") == masked(never_was.text)


def test_the_password_is_never_sent_back(stranger: Browser) -> None:
    assert "my-secret" not in stranger.sign_in(password="my-secret").text


def test_empty_fields_are_asked_for(stranger: Browser) -> None:
    assert "请填写用户名和密码。" in stranger.sign_in(username=" ", password="").text


def test_a_form_without_its_token_is_a_bad_request(colleague: Browser, stranger: Browser) -> None:
    signing_in = stranger.client.post("/sign-in", data={"username": USERNAME, "password": PASSWORD})
    signing_out = colleague.client.post("/sign-out")

    assert (signing_in.status_code, signing_out.status_code) == (400, 400)
    assert "这次提交不完整" in signing_in.text
    assert colleague.get("/conversations").status_code == 200


def test_a_token_of_another_session_is_a_bad_request(colleague: Browser, stranger: Browser) -> None:
    stranger.client.get("/sign-in")
    with stranger.client.session_transaction() as theirs:
        token = theirs["csrf_token"]

    assert colleague.client.post("/sign-out", data={"csrf_token": token}).status_code == 400


def test_half_an_hour_without_a_request_ends_the_session(
    colleague: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.time()

    def at(minutes: int) -> int:
        moment = int(begun + timedelta(minutes=minutes).total_seconds())
        monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: moment)
        return colleague.get("/conversations").status_code

    assert [at(29), at(58), at(89)] == [200, 200, 302]


def test_a_session_dies_with_its_account(colleague: Browser, database: Database) -> None:
    with database.transaction() as session:
        session.delete(session.get(StaffMember, USERNAME))

    assert colleague.get("/conversations").status_code == 302


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_the_cookie_is_for_this_site_and_no_script_and_for_https_where_there_is_one(
    app: Flask, scheme: str, secure: bool
) -> None:
    response = app.test_client().get("/sign-in", base_url=f"{scheme}://console.example")

    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert secure == ("Secure" in cookie)
    assert secure == ("Strict-Transport-Security" in response.headers)


def test_signing_in_leads_to_the_page_that_was_wanted(stranger: Browser) -> None:
    asked = stranger.get("/conversations?province=gd").location

    assert stranger.sign_in(then=asked.removeprefix("/sign-in")).location == "/conversations?province=gd"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
    ],
)
def test_signing_in_never_leads_elsewhere(stranger: Browser, address: str) -> None:
    query = "?" + urlencode({"next": address})

    assert stranger.sign_in(then=query).location == "/"
