"""Which permission a page needs: said where the page is, and asked before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import abort, current_app, request
from flask_login import current_user

from hrss import permissions
from hrss.permissions import May

View = TypeVar("View", bound=Callable[..., Any])

# Who is not signed in sees these.
OPEN = frozenset({"health", "sign_in.sign_in", "static"})
# Whoever is signed in: their own account, and the way out.
OWN = frozenset(
    {"home", "sign_in.sign_out", "account.show", "account.password", "account.code_on", "account.code_off"}
)


def needs(may: May) -> Callable[[View], View]:
    """Say what a page needs. One that says nothing is nobody's, unless it is in `OWN`."""

    def marked(view: View) -> View:
        view.needs = may  # type: ignore[attr-defined]
        return view

    return marked


def needed(endpoint: str) -> May | None:
    view = current_app.view_functions[endpoint]
    found: May | None = getattr(view, "needs", None)
    return found


def permitted_only() -> None:
    """Refuse pages that the role of who asks does not allow."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in OPEN or endpoint in OWN:
        return
    may = needed(endpoint)
    if may is None or not permissions.allows(current_user.role, may):
        abort(403)


def allowed(may: str) -> bool:
    """For templates: whether to offer something to who is signed in."""
    return permissions.allows(current_user.role, May(may))
