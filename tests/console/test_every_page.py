"""What holds for all pages, whichever come to be added."""

import re
from pathlib import Path

import pytest
from flask import Flask

import console
from console.access import OPEN, needs
from hrss.database import Database
from hrss.errors import UsernameTaken
from hrss.permissions import May
from tests.console.staff_browser import Browser

CONSOLE = Path(console.__file__).parent


def test_every_rule_but_the_open_ones_needs_sign_in(app: Flask, stranger: Browser) -> None:
    walked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN:
            continue
        address = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in rule.methods - {"OPTIONS"}:
            response = stranger.client.open(address, method=method)
            assert response.status_code == 302, f"{method} {address}"
            assert response.location.startswith("/sign-in"), f"{method} {address}"
            walked += 1

    assert walked >= 6
    assert {"health", "sign_in.sign_in", "static"} == set(OPEN)


def test_a_stranger_cannot_tell_which_pages_exist(stranger: Browser) -> None:
    assert stranger.get("/nowhere").location.startswith("/sign-in")


@pytest.mark.parametrize(
    "address", ["/conversations", "/nowhere", "/sign-in", "/health", "/static/console.css"]
)
def test_every_answer_has_the_headers(colleague: Browser, address: str) -> None:
    with colleague.get(address) as response:
        headers = response.headers

    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    } <= set(headers["Content-Security-Policy"].split("; "))
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept_by_the_browser(colleague: Browser) -> None:
    assert colleague.get("/conversations").headers["Cache-Control"] == "no-store"


def test_no_template_has_inline_styles_or_scripts() -> None:
    templates = sorted((CONSOLE / "templates").rglob("*.html"))
    assert templates
    for path in templates:
        found = re.search(
            r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|\|\s*safe", path.read_text("utf-8")
        )
        assert found is None, f"{path.name}: {found and found.group()}"


def test_python_contains_no_chinese_sentence() -> None:
    for path in CONSOLE.rglob("*.py"):
        assert not re.search(r"[\u4e00-\u9fff]", path.read_text("utf-8")), path.name


def test_health_answers_without_sign_in(stranger: Browser) -> None:
    response = stranger.get("/health")

    assert (response.status_code, response.text) == (200, "ok")


def test_what_the_business_refuses_is_said_in_its_sentence(app: Flask, stranger: Browser) -> None:
    @app.get("/refused")
    @needs(May.READ_CONVERSATIONS)
    def refused() -> str:
        raise UsernameTaken(username="lin_xiaoyu")

    stranger.sign_in()
    response = stranger.get("/refused")

    assert response.status_code == 409
    assert "用户名“lin_xiaoyu”已经有人用了，请换一个。" in response.text


def test_a_fault_becomes_a_calm_page_without_its_traceback(
    app: Flask, stranger: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    @app.get("/broken")
    @needs(May.READ_CONVERSATIONS)
    def broken() -> str:
        raise RuntimeError("secret detail")

    stranger.sign_in()
    response = stranger.get("/broken")

    assert response.status_code == 500
    assert "系统刚才出了点问题，已经记录下来。" in response.text
    assert "secret detail" not in response.text
    assert "secret detail" in capsys.readouterr().out


def test_a_fault_stays_calm_when_the_records_are_away(colleague: Browser, database: Database) -> None:
    database.drop()

    response = colleague.get("/conversations")

    assert response.status_code == 500
    assert "系统刚才出了点问题" in response.text
    assert colleague.get("/sign-in").status_code == 500


def test_a_page_that_does_not_exist_is_said_so(colleague: Browser) -> None:
    response = colleague.get("/nowhere")

    assert response.status_code == 404
    assert "没有找到这个页面" in response.text


def test_a_wrong_method_keeps_its_header(colleague: Browser) -> None:
    response = colleague.get("/sign-out")

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("address", ["/conversations?text=%00", "/conversations/%00"])
def test_what_no_database_holds_is_a_bad_request(colleague: Browser, address: str) -> None:
    assert colleague.get(address).status_code == 400
