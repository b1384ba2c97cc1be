"""The shared database and the hall, as the pages reach them; and who is asking, when."""

from __future__ import annotations

from datetime import date, datetime, timezone

from flask import current_app
from flask_login import current_user

from console import moments
from hrss.database import Database
from hrss.hall import Hall
from hrss.vault import Vault


def database() -> Database:
    found: Database = current_app.extensions["hrss.database"]
    return found


def hall() -> Hall:
    found: Hall = current_app.extensions["hrss.hall"]
    return found


def vault() -> Vault:
    found: Vault = current_app.extensions["hrss.vault"]
    return found


def now() -> datetime:
    return datetime.now(timezone.utc)


def today() -> date:
    """The day in the halls."""
    return now().astimezone(moments.BEIJING).date()


def me() -> str:
    """The username of who asks."""
    username: str = current_user.id
    return username
