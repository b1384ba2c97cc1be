"""The console's application: what all pages share, wherever they come from."""

from __future__ import annotations

from pathlib import Path

import structlog
from flask import Flask, Response, redirect, render_template, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response as AnyResponse

from console import (
    access,
    account,
    audit_trail,
    book,
    cases,
    conversations,
    drafts,
    emergency,
    hits,
    live,
    models,
    moments,
    overview,
    reviewing,
    security,
    sign_in,
    staff_accounts,
    trying,
    unknowns,
    vocabularies,
)
from console.sentences import RESPONSES, Sentences, refusal
from faq import manuals
from hrss.database import Database
from hrss.errors import NotPermitted, Refusal
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.vault import Vault

log = structlog.get_logger()

REFUSED, FORBIDDEN = 409, 403
LARGEST_REQUEST = manuals.LARGEST + 64 * 1024  # a manual, and what stands around it in a form
PARTS = (
    sign_in,
    account,
    conversations,
    reviewing,
    cases,
    live,
    book,
    trying,
    unknowns,
    hits,
    drafts,
    models,
    overview,
    emergency,
    audit_trail,
    vocabularies,
    staff_accounts,
)
FIRST_PAGES = ("conversations.index", "overview.index")


def create_app(settings: Settings, database: Database, *, responses: Path = RESPONSES) -> Flask:
    """Make the console; `responses` is the folder whose sentences say why the business refuses."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.console_secret_key,
        SESSION_COOKIE_NAME="hrss_console",
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=security.IDLE,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None,  # a form is good for as long as its session
    )
    app.session_interface = security.SecureWhenHttps()
    app.extensions["hrss.database"] = database
    app.extensions["hrss.hall"] = Hall.open(settings, database)
    app.extensions["hrss.vault"] = Vault(settings)
    app.extensions["hrss.sentences"] = Sentences(responses)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.filters["beijing"] = moments.beijing
    app.jinja_env.globals.update(
        current_user=current_user,
        allowed=access.allowed,
        offered=vocabularies.offered,
        label=vocabularies.label,
    )

    # Not its context processor: that asks the records for every template, also to say that they are away.
    sign_in.login_manager.init_app(app, add_context_processor=False)
    app.before_request(security.only_storable)
    app.before_request(security.staff_only)
    app.before_request(security.own_password_first)
    app.before_request(access.permitted_only)
    CSRFProtect(app)
    app.after_request(security.with_headers)

    for part in PARTS:
        app.register_blueprint(part.pages)

    @app.get("/")
    def home() -> AnyResponse:
        """The first page that the role allows."""
        for endpoint in FIRST_PAGES:
            may = access.needed(endpoint)
            if may and access.allowed(may):
                return redirect(url_for(endpoint))
        return redirect(url_for("account.show"))

    @app.get("/health")
    def health() -> str:
        database.ping()
        return "ok"

    @app.errorhandler(Exception)
    def calm(error: Exception) -> AnyResponse:
        """Say what the business refuses in its own words, and of anything else only that it went wrong."""
        if isinstance(error, Refusal):
            log.info("request.refused", key=error.key)
            status = FORBIDDEN if isinstance(error, NotPermitted) else REFUSED
            return Response(render_template("error.html", sentence=refusal(error)), status)
        if not isinstance(error, HTTPException):
            log.exception("request.failed")
            error = InternalServerError()
        response = Response.force_type(error.get_response())
        if response.status_code >= 400:
            response.set_data(render_template("error.html", status=response.status_code))
        return response

    return app
