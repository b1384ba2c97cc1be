"""Accounts of staff, for administrators."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access import needs
from console.records import database, me, now
from console.sentences import refusal
from hrss import permissions, second_factor, staff, staff_office
from hrss.errors import Refusal
from hrss.permissions import May
from hrss.staff import Role

pages = Blueprint("staff_accounts", __name__, url_prefix="/staff")


@pages.get("")
@needs(May.MANAGE_STAFF)
def index() -> str:
    return _page()


@pages.post("")
@needs(May.MANAGE_STAFF)
def add() -> str | tuple[str, int]:
    username, name = (request.form.get(field, "").strip() for field in ("username", "name"))
    try:
        with database().transaction() as records:
            told = staff_office.add(records, username=username, name=name, role=_role(), by=me(), now=now())
    except Refusal as refused:
        return _page(refused=refused), 409
    # Shown in this answer and kept nowhere.
    return _page(username=username, password=told)


@pages.post("/<username>/role")
@needs(May.MANAGE_STAFF)
def set_role(username: str) -> Response:
    with database().transaction() as records:
        staff_office.set_role(records, username, _role(), by=me(), now=now())
    return redirect(url_for(".index"))


@pages.post("/<username>/password")
@needs(May.MANAGE_STAFF)
def reset_password(username: str) -> str:
    with database().transaction() as records:
        told = staff_office.reset_password(records, username, by=me(), now=now())
    return _page(username=username, password=told)


@pages.post("/<username>/deactivate")
@needs(May.MANAGE_STAFF)
def deactivate(username: str) -> Response:
    with database().transaction() as records:
        staff_office.deactivate(records, username, by=me(), now=now())
    return redirect(url_for(".index"))


@pages.post("/<username>/activate")
@needs(May.MANAGE_STAFF)
def activate(username: str) -> Response:
    with database().transaction() as records:
        staff_office.activate(records, username, by=me(), now=now())
    return redirect(url_for(".index"))


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        abort(400)


def _page(refused: Refusal | None = None, username: str | None = None, password: str | None = None) -> str:
    with database().reading() as records:
        members = staff.everyone(records)
    return render_template(
        "staff/index.html",
        members=members,
        roles=list(Role),
        table=[(may, [permissions.allows(role, may) for role in Role]) for may in May],
        has_code={member.username: second_factor.is_on(member) for member in members},
        now=now(),
        sentence=refusal(refused) if refused else None,
        username=username,
        password=password,
    )
