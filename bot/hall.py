"""What this process shares with the halls: settings, the shared database, the published book."""

from __future__ import annotations

from functools import cache

from faq.shelf import Shelf
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings


@cache
def settings() -> Settings:
    return Settings.from_env()


@cache
def database() -> Database:
    return Database(settings().database_url)


@cache
def shelf() -> Shelf:
    return Shelf(database())


_model: list[str] = []


def use_model(model_id: str) -> None:
    """Say which model this process has loaded; from then on it goes over to the one that staff activate."""
    _model[:] = [model_id]


def model() -> str | None:
    """Return the id of the loaded model; None where this process keeps what it was told to load."""
    return _model[0] if _model else None


@cache
def business() -> Hall:
    return Hall.open(settings(), database())
