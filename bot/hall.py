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


@cache
def business() -> Hall:
    return Hall.open(settings(), database())
