"""Role × page × action: every cell of the table, at the door and in the business."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from console.access import OPEN, OWN, needed
from hrss import permissions, staff
from hrss.database import Database
from hrss.errors import NotPermitted
from hrss.permissions import May
from hrss.staff import Role
from hrss.tables import StaffMember
from tests.conftest import ROOT
from tests.console.staff_browser import Browser

FORBIDDEN = "您的账号没有权限打开这个页面"


@pytest.fixture
def signed_in(app: Flask, database: Database, now: datetime) -> Callable[[Role], Browser]:
    def as_role(role: Role) -> Browser:
        with database.transaction() as session:
            if session.get(StaffMember, role.value) is None:
                staff.add(session, role.value, role.value, role, "a-long-enough-passphrase", now)
        browser = Browser(app.test_client())
        assert browser.sign_in(role.value, "a-long-enough-passphrase").status_code == 302
        return browser

    return as_role


@pytest.mark.parametrize("role", Role)
def test_every_page_and_action_is_open_to_exactly_the_roles_of_the_table(
    app: Flask, signed_in: Callable[[Role], Browser], role: Role
) -> None:
    browser = signed_in(role)
    app.config["WTF_CSRF_ENABLED"] = False  # else a missing token would answer before the role is asked
    opened = refused = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN | OWN:
            continue
        with app.app_context():
            may = needed(rule.endpoint)
        assert may is not None, f"{rule.endpoint} says not what it needs"
        address = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            response = browser.client.open(address, method=method)
            if permissions.allows(role, may):
                assert FORBIDDEN not in response.text, f"{role.value} {method} {address}"
                assert response.status_code < 500, f"{role.value} {method} {address}"
                opened += 1
            else:
                assert response.status_code == 403, f"{role.value} {method} {address}"
                refused += 1

    assert opened
    assert refused


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("may", May)
def test_the_business_asks_the_same_table(database: Database, now: datetime, role: Role, may: May) -> None:
    with database.transaction() as session:
        session.add(StaffMember(username="x", name="x", role=role.value, password_hash="", created_at=now))
        session.flush()
        if permissions.allows(role, may):
            assert permissions.require(session, "x", may).username == "x"
        else:
            with pytest.raises(NotPermitted):
                permissions.require(session, "x", may)


def test_nobody_else_is_permitted_anything(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        session.add(
            StaffMember(
                username="gone",
                name="x",
                role=Role.ADMINISTRATOR.value,
                password_hash="",
                created_at=now,
                deactivated_at=now,
            )
        )
        session.flush()
        for username in ("gone", "nobody"):
            with pytest.raises(NotPermitted):
                permissions.require(session, username, May.MANAGE_STAFF)


def test_the_page_about_the_console_shows_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \|((?:[^|\n]*\|){5})$", page, re.MULTILINE))

    assert {may.value: [permissions.allows(role, may) for role in Role] for may in May} == {
        name: [bool(cell.strip()) for cell in cells.split("|")[:5]] for name, cells in rows.items()
    }


def test_whoever_signs_in_arrives_at_a_page_of_theirs(signed_in: Callable[[Role], Browser]) -> None:
    for role in Role:
        browser = signed_in(role)
        assert browser.get(browser.get("/").location).status_code == 200
