"""A running bot goes over to the model that staff activate, and says so when it has not its file."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from bot import hall
from bot.nlu.component import UnderstandingComponent
from faq import trained
from faq.shelf import Shelf, install, shipped_bodies
from faq.trained import Trained
from faq.understanding import Understanding
from hrss import books, staff, trained_models
from hrss.database import Database
from hrss.staff import Role
from tests.small_model import ENTRIES, small_model

STAFF = "lin_xiaoyu"
OTHER = "0123456789abcdef"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path}/hrss.db")
    database.migrate()
    with database.transaction() as session:
        shipped = shipped_bodies()
        bodies = {entry_id: shipped[entry_id] for entry_id in ENTRIES}
        books.publish(session, bodies, note="", now=datetime.now(timezone.utc))
        staff.add(
            session, STAFF, "林晓雨", Role.TRAINER, "a-long-enough-passphrase", datetime.now(timezone.utc)
        )
    return database


@pytest.fixture
def installed(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> str:
    small_model(model, tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    return install(database, Path("models/model.tar.gz"))


@pytest.fixture
def component(installed: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> UnderstandingComponent:
    """As it is in a bot that has loaded the installed model; it looks at the database every time."""
    seconds = iter(range(0, 100_000, 10))
    shelf = Shelf(database, clock=lambda: float(next(seconds)))
    monkeypatch.setattr(hall, "shelf", lambda: shelf)
    monkeypatch.setattr(hall, "_model", [installed])
    found = trained.newest()
    made = UnderstandingComponent(None, None)  # type: ignore[arg-type]
    made._understanding = Understanding(shelf.book(), found.ranker)
    made._digest, made._dialogue = shelf.book().digest, list(found.dialogue)
    return made


def activate(database: Database, model_id: str, **thresholds: float) -> None:
    with database.transaction() as session:
        trained_models.activate(
            session, model_id, thresholds, note="", staff=STAFF, now=datetime.now(timezone.utc)
        )


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_it_reads_on_by_what_is_activated_and_goes_back(
    component: UnderstandingComponent, database: Database, installed: str
) -> None:
    other = trained.newest()
    trained.save(Trained(other.ranker, other.dialogue[:5], other.digest), OTHER)
    with database.transaction() as session:
        trained_models.install(session, OTHER, now=datetime.now(timezone.utc))
        trained_models.activate(session, installed, {}, note="", staff=STAFF, now=datetime.now(timezone.utc))
    assert component.understanding().read("怎么登录").candidates
    assert component._model == installed

    activate(database, OTHER, sure=0.99, likely=0.98)
    assert component.understanding().thresholds.sure == 0.99, "thresholds count at once"
    until(lambda: (component.understanding(), component._model)[1] == OTHER)
    assert len(component._dialogue) == 5
    assert component.understanding().thresholds.sure == 0.99

    activate(database, installed)
    until(lambda: (component.understanding(), component._model)[1] == installed)
    assert len(component._dialogue) == len(other.dialogue)
    assert component.understanding().thresholds.sure < 0.99


def test_a_model_whose_file_is_missing_changes_nothing_but_the_log(
    component: UnderstandingComponent,
    database: Database,
    installed: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.transaction() as session:
        trained_models.install(session, OTHER, now=datetime.now(timezone.utc))
    for _ in range(3):
        assert component.understanding().read("怎么登录").candidates
        until(lambda: not component._refitting.locked())

    assert (component._model, component._missing) == (installed, OTHER)
    assert capsys.readouterr().out.count("model.missing") == 1
