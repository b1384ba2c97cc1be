"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired

from console.records import database, hall, now
from hrss import second_factor, staff
from hrss.staff import Role, SignIn
from hrss.tables import StaffMember

log = structlog.get_logger()

LONGEST = timedelta(hours=12)  # after so long, also those who never paused sign in again

pages = Blueprint("sign_in", __name__)
login_manager = LoginManager()


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """The member of staff who asks."""

    id: str
    name: str
    role: Role
    must_change: bool
    has_second_factor: bool
    on_duty_until: datetime | None

    @classmethod
    def of(cls, member: StaffMember) -> SignedIn:
        return cls(
            member.username,
            member.name,
            Role(member.role),
            member.must_change,
            second_factor.is_on(member),
            member.on_duty_until,
        )


class SignInForm(FlaskForm):
    username = StringField(validators=[InputRequired()], filters=[lambda text: text and text.strip()])
    password = PasswordField(validators=[InputRequired()])
    code = StringField()


@login_manager.user_loader
def load(username: str) -> SignedIn | None:
    """Who the cookie is of: while they have their account, and their sessions were not ended."""
    with database().reading() as records:
        member = records.get(StaffMember, username)
    if member is None or member.deactivated_at is not None or member.session_key != session.get("key"):
        return None
    if now().timestamp() > session.get("until", 0):
        return None
    return SignedIn.of(member)


@login_manager.unauthorized_handler
def ask_to_sign_in() -> Response:
    # What was being posted is lost; only a page can be come back to.
    wanted = request.full_path.rstrip("?") if request.method == "GET" and request.path != "/" else None
    return redirect(url_for("sign_in.sign_in", next=wanted))


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | str | tuple[str, int]:
    if current_user.is_authenticated:
        return redirect(_page_within(request.args.get("next")))
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("sign_in.html", form=form)
    with database().transaction() as records:
        outcome = staff.sign_in(
            records,
            form.username.data,
            form.password.data,
            now(),
            code=form.code.data or "",
            sealer=hall().sealer,
        )
    if outcome.result is not SignIn.ACCEPTED:
        log.warning("staff.sign_in_failed", result=outcome.result.value)
        # One page for every failure: only an existing account can be locked, so telling would give it away.
        return render_template(
            "sign_in.html",
            form=form,
            failed=True,
            failures=staff.FAILURES_BEFORE_LOCK,
            minutes=int(staff.LOCKED_FOR.total_seconds() // 60),
        ), 401
    assert outcome.member is not None
    let_in(outcome.member)
    log.info("staff.signed_in", username=current_user.id)
    return redirect(_page_within(request.args.get("next")))


@pages.post("/sign-out")
def sign_out() -> Response:
    log.info("staff.signed_out", username=current_user.id)
    logout_user()
    session.clear()
    return redirect(url_for("sign_in.sign_in"))


def let_in(member: StaffMember) -> None:
    """Begin a session, under a cookie that has nothing of an earlier one."""
    session.clear()
    session.permanent = True  # and so it expires, IDLE after the last request
    session["key"] = member.session_key
    session["until"] = int((now() + LONGEST).timestamp())
    login_user(SignedIn.of(member))


def _page_within(address: str | None) -> str:
    """The address if it is a page of the console, else the first page: nobody is led elsewhere."""
    # Browsers read a backslash as a slash, and skip control characters.
    if not address or "\\" in address or not address.isprintable() or not address.startswith("/"):
        return url_for("home")
    parts = urlsplit(address)
    return url_for("home") if parts.scheme or parts.netloc or address.startswith("//") else address
