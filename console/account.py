"""One's own account: the password, and the second factor."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from console.records import database, hall, me, now
from console.sentences import refusal
from console.sign_in import let_in
from hrss import audit, second_factor, staff
from hrss.errors import Refusal, SecondFactorWrong
from hrss.subjects import Subject, SubjectKind

pages = Blueprint("account", __name__, url_prefix="/account")


@pages.get("")
def show() -> str:
    return _page()


@pages.post("/password")
def password() -> Response | tuple[str, int]:
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return _page(differs=True), 400
    try:
        with database().transaction() as records:
            member = staff.change_password(records, me(), old=old, new=new)
            _record(records, "staff.password_changed")
    except Refusal as refused:
        return _page(refused=refused), 409
    let_in(member)
    return redirect(url_for(".show", done="password"))


@pages.post("/code")
def code_on() -> Response | tuple[str, int]:
    secret, code = session.get("new_secret", ""), request.form.get("code", "")
    try:
        with database().transaction() as records:
            member = staff.locked(records, me())
            if not secret or not second_factor.turn_on(hall().sealer, member, secret, code, now()):
                raise SecondFactorWrong()
            _record(records, "staff.code_on")
    except Refusal as refused:
        return _page(refused=refused), 409
    session.pop("new_secret", None)
    return redirect(url_for(".show", done="code_on"))


@pages.post("/code/off")
def code_off() -> Response | tuple[str, int]:
    try:
        with database().transaction() as records:
            member = staff.locked(records, me())
            code = request.form.get("code", "")
            if second_factor.is_on(member) and not second_factor.accepts(hall().sealer, member, code, now()):
                raise SecondFactorWrong()
            second_factor.turn_off(member)
            _record(records, "staff.code_off")
    except Refusal as refused:
        return _page(refused=refused), 409
    return redirect(url_for(".show", done="code_off"))


def _page(refused: Refusal | None = None, differs: bool = False) -> str:
    secret = None
    if not current_user.has_second_factor:
        # Kept in the signed cookie until a code shows that the app has it: theirs to see, nobody's to set.
        secret = session.setdefault("new_secret", second_factor.new_secret())
    return render_template(
        "account.html",
        secret=secret,
        address=second_factor.address(me(), secret) if secret else None,
        sentence=refusal(refused) if refused else None,
        differs=differs,
        shortest=staff.SHORTEST_PASSWORD,
    )


def _record(records: object, did: str) -> None:
    audit.record(records, did, Subject(SubjectKind.STAFF, me()), now=now(), staff=me())
