"""What protects every page: who may come in, the cookie, the headers."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Response, abort, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from console.access import OPEN, OWN
from console.sign_in import login_manager

IDLE = timedelta(minutes=30)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # the check of forms over https needs it within the console
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecureWhenHttps(SecureCookieSessionInterface):
    """The cookie is `Secure` on https, and still works on the plain http of one's own machine."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def only_storable() -> None:
    """Refuse NUL, which a database cannot hold and nobody types."""
    if any("\0" in text for text in (request.path, *request.values.values())):
        abort(400)


def staff_only() -> AnyResponse | None:
    if request.endpoint in OPEN or current_user.is_authenticated:
        return None
    response: AnyResponse = login_manager.unauthorized()
    return response


def own_password_first() -> AnyResponse | None:
    """A one-time password opens the page where it is changed, and no other."""
    if request.endpoint in OPEN | OWN - {"home"} or not current_user.must_change:
        return None
    return redirect(url_for("account.show"))


def with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
