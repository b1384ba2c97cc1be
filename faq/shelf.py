"""The published book, and which model reads for it, as the shared database has them now."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from faq import trained
from faq.book import ENTRIES, Book, Entry, read_yaml
from hrss import books, trained_models, workdays
from hrss.database import Database
from hrss.trained_models import Active

log = structlog.get_logger()

Bodies = Mapping[str, Mapping[str, Any]]

FRESH_SECONDS = 2.0  # a newly published version answers within 5 s in every process


def shipped_bodies() -> dict[str, dict[str, Any]]:
    """Return the entries of `faq/entries` in the form in which they are stored."""
    bodies = {}
    for path in sorted(ENTRIES.glob("*.yml")):
        body = read_yaml(path)
        bodies[body["id"]] = {
            key: value.isoformat() if isinstance(value, dt.date) else value for key, value in body.items()
        }
    return bodies


def differing(one: Bodies, other: Bodies) -> list[str]:
    """The ids of entries that are not the same in two books."""
    return sorted(entry_id for entry_id in {*one, *other} if one.get(entry_id) != other.get(entry_id))


def stock(database: Database) -> int:
    """
    Publish the shipped book when nothing has been published yet; return the version that answers.

    Where the files have another book, the log says so: neither undoes the other.
    """
    with database.reading() as session:
        version = books.current_version(session)
        answering = books.entries(session, version or 0)
    if version is not None:
        if found := differing(answering, shipped_bodies()):
            log.warning("book.not_as_in_files", version=version, entries=len(found))
        return version
    with database.transaction() as session:
        return books.publish(session, shipped_bodies(), note="shipped", now=dt.datetime.now(dt.timezone.utc))


def install(database: Database, path: Path) -> str:
    """Note the model that this program loads, and keep it for later; return its id."""
    model_id = trained.identity(path)
    try:
        trained.keep(path, model_id, path.parent)
    except OSError as error:
        log.warning("model.not_kept", model=model_id, error=type(error).__name__)  # it answers all the same
    with database.transaction() as session:
        trained_models.install(session, model_id, now=dt.datetime.now(dt.timezone.utc))
    return model_id


class Shelf:
    """Gives the book to those who answer from it; notices a new version by looking again after `FRESH_SECONDS`."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], dt.date] = workdays.today,
    ) -> None:
        self._database = database
        self._clock = clock
        self._today = today
        self._day: dt.date | None = None
        self._looked: float | None = None
        self._book: Book | None = None
        self._active = Active()
        self._lock = threading.Lock()

    def book(self) -> Book:
        """
        Return the newest published book that could be read, with the entries that hold today.

        While the database is away the last one goes on answering; with none yet, the error is raised.
        """
        with self._lock:
            now = self._clock()
            if self._book is None or self._looked is None or now - self._looked >= FRESH_SECONDS:
                try:
                    self._book = self._look(self._book)
                except Exception:
                    if self._book is None:
                        raise
                self._looked = now
            return self._book

    def active(self) -> Active:
        """Return which model answers, and at which thresholds, as of the last look at the book."""
        return self._active

    def _look(self, known: Book | None) -> Book:
        with self._database.reading() as session:
            version = books.current_version(session)
            self._active = trained_models.active(session)
            day = self._today()  # entries begin and end to hold at midnight, with no new version
            if known is not None and version == known.version and day == self._day:
                return known
            bodies = books.entries(session, version) if version is not None else {}
        entries = {
            entry_id: Entry.from_body({key: value for key, value in body.items() if key != "on"})
            for entry_id, body in bodies.items()
            if body.get("on", True)
        }
        self._day = day
        return Book(entries, version).valid_on(day)
