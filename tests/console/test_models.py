"""Models in the console: installed, trained, measured, compared, activated and rolled back, with who did it."""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from flask import Flask

from faq import quality, trained
from faq.shelf import Shelf, install, shipped_bodies
from faq.understanding import Thresholds
from hrss import books, staff, trained_models, trials
from hrss.database import Database
from hrss.staff import Role
from hrss.tables import AuditEntry, TrainedModel
from tests.console.staff_browser import PASSWORD, USERNAME, Browser
from tests.small_model import ENTRIES, small_model

PATIENCE_SECONDS = 240
ASKED = "有盾怎么登录单位网厅"


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(model, tmp_path_factory.mktemp("made"))


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models as a machine has it, with the installed one."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.tar.gz").symlink_to(made)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


@pytest.fixture
def installed(folder: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """The model that a bot of this machine has loaded; a book of three entries answers."""
    monkeypatch.setattr(quality, "FOLDS", 2)
    now = datetime.now(timezone.utc)
    with database.transaction() as session:
        shipped = shipped_bodies()
        books.publish(session, {entry_id: shipped[entry_id] for entry_id in ENTRIES}, note="", now=now)
    for _ in range(2):  # a bot that starts again changes nothing
        model_id = install(database, folder / "model.tar.gz")
    return model_id


@pytest.fixture
def other(app: Flask, database: Database, now: datetime) -> Iterator[Browser]:
    with database.transaction() as session:
        staff.add(session, "chen_lu", "陈露", Role.ADMINISTRATOR, PASSWORD, now)
    browser = Browser(app.test_client())
    browser.sign_in("chen_lu")
    yield browser


def active(database: Database) -> trained_models.Active:
    with database.reading() as session:
        return trained_models.active(session)


def settled(database: Database, model_id: str) -> TrainedModel:
    """The model when the work in the background is done."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.reading() as session:
            found = trained_models.get(session, model_id)
            if found.state not in trained_models.BUSY:
                return found
        time.sleep(0.2)
    raise AssertionError("the model is still being made")


def test_a_model_is_trained_measured_compared_activated_and_rolled_back(
    colleague: Browser, other: Browser, database: Database, installed: str, folder: Path
) -> None:
    assert active(database) == trained_models.Active(installed, {})
    assert installed[:6] in colleague.get("/book/models").text

    begun = colleague.post("/book/models", form_on="/book/models")
    model_id = begun.location.rsplit("/", 1)[1]
    found = settled(database, model_id)

    assert (found.state, found.version, found.made_by) == ("ready", 1, USERNAME)
    assert found.report["ours"] > 90
    assert active(database).model == installed, "it is not activated by itself"
    page = colleague.get(f"/book/models/{model_id}").text
    assert "查准" in page and "每个条目" in page
    moved = colleague.get(f"/book/models/{model_id}?sure=0.9&likely=0.85").text
    assert "移动以后" in moved

    compared = colleague.get(
        f"/book/try?text={ASKED}&province=hn&channel=wechat&against_model={model_id}"
    ).text
    assert f"模型 {installed[:6]}" in compared and f"模型 {model_id[:6]}" in compared
    with database.transaction() as session:
        trials.save_question(session, ASKED, province="hn", decision="answer", entry="hn.login.uk", staff=USERNAME, now=found.made_at)  # fmt: skip
    trial_id = colleague.post(f"/book/models/{model_id}/try", form_on=f"/book/models/{model_id}").location.rsplit("/", 1)[1]  # fmt: skip
    assert tried(database, trial_id)["asked"] == 1

    colleague.post(
        f"/book/models/{model_id}/activate", form_on=f"/book/models/{model_id}", reason="新的", sure="0.8"
    )
    assert active(database) == trained_models.Active(model_id, {"sure": 0.8})
    shelf = Shelf(database)
    shelf.book()
    assert Thresholds.moved(shelf.active().thresholds).sure == 0.8

    [first] = re.findall(r"/book/models/activations/\d+/again", other.get("/book/models").text)
    other.post(first, form_on="/book/models")
    assert active(database) == trained_models.Active(installed, {})
    with database.reading() as session:
        done = [(row.did, row.staff, row.subject_id) for row in session.query(AuditEntry).filter_by(subject_kind="model").order_by(AuditEntry.id)]  # fmt: skip
    assert done == [
        ("model.trained", USERNAME, model_id),
        ("model.activated", USERNAME, model_id),
        ("model.activated", "chen_lu", installed),
    ]
    assert trained.is_here(installed) and trained.is_here(model_id)


def tried(database: Database, trial_id: str) -> dict[str, int]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with database.reading() as session:
            trial = trials.get(session, trial_id)
            if trial.state != "running":
                assert trial.outcome
                return dict(trial.outcome)
        time.sleep(0.2)
    raise AssertionError("the trial is still running")


def test_a_training_that_fails_says_so_and_what_answers_stays(
    colleague: Browser, database: Database, installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(trained, "save", full)
    begun = colleague.post("/book/models", form_on="/book/models")
    model_id = begun.location.rsplit("/", 1)[1]

    assert settled(database, model_id).state == "failed"
    assert "没有练成" in colleague.get(begun.location).text
    refused = colleague.post(f"/book/models/{model_id}/activate", form_on="/book/models", reason="x")
    assert refused.status_code == 409
    assert active(database).model == installed


@pytest.mark.parametrize("query", ["sure=2", "sure=x", "lead=-1", "sure=nan"])
def test_thresholds_that_are_none_are_a_bad_request(colleague: Browser, installed: str, query: str) -> None:
    assert colleague.get(f"/book/models/{installed}?{query}").status_code == 400


def test_a_model_that_this_machine_has_not_cannot_be_compared(colleague: Browser, installed: str) -> None:
    assert colleague.get(f"/book/try?text={ASKED}&against_model=0123456789abcdef").status_code == 404
    assert colleague.get("/book/try?text=x&against_model=../../model").status_code == 404
    assert colleague.get("/book/models/0123456789abcdef").status_code == 409


def test_what_is_no_model_is_told_apart_from_one(folder: Path) -> None:
    (folder / "kept").mkdir()
    for name, content in (("empty", b""), ("garbage", b"no archive")):
        (folder / "kept" / f"{name}.tar").write_bytes(content)
        with pytest.raises(trained.NoModel):
            trained.chosen(name)
        assert trained.answering(name) == trained.newest(), "as a bot reads on by the installed one"


def test_old_files_go_and_what_is_active_stays(folder: Path) -> None:
    (folder / "kept").mkdir()
    for name in ("old", "active"):
        (folder / "kept" / f"{name}.tar").write_bytes(b"")

    trained.forget({"active"})

    assert not trained.is_here("old") and trained.is_here("active")
