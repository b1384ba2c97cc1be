"""The commands of `python -m faq`: what is shipped, published and exported is the same book."""

from pathlib import Path

import pytest

from faq.__main__ import main
from faq.book import ENTRIES, load_files, read_yaml
from faq.export import as_yaml
from hrss import books
from hrss.database import Database
from hrss.settings import Settings


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'book.db'}")
    database.migrate()

    class Environment:
        database_url = database.url

    monkeypatch.setattr(Settings, "from_env", lambda: Environment)
    return database


def test_every_shipped_file_has_the_form_that_export_writes() -> None:
    for path in ENTRIES.glob("*.yml"):
        assert as_yaml(read_yaml(path)) == path.read_text(encoding="utf-8"), path.name


def test_publishing_and_exporting_gives_the_shipped_files_back(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish"]) == 0
    assert main(["export", str(tmp_path / "entries")]) == 0
    assert capsys.readouterr().out.splitlines() == ["version 1", "version 1: 81 entries"]
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "entries").iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in ENTRIES.glob("*.yml")}
    assert load_files(tmp_path / "entries").entries == load_files().entries


def test_publishing_the_same_book_again_makes_no_version(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["publish"])
    assert main(["publish"]) == 0
    assert capsys.readouterr().out.splitlines() == ["version 1", "unchanged"]
    with database.reading() as session:
        assert books.current_version(session) == 1


def test_nothing_is_exported_before_the_first_publication(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(tmp_path / "entries")]) == 1
    assert "publish" in capsys.readouterr().err
    assert not (tmp_path / "entries").exists()


def test_export_keeps_what_is_switched_off_and_until_when_an_entry_holds() -> None:
    body = read_yaml(ENTRIES / "gd.unbind.handler.yml")
    text = as_yaml({**body, "valid_from": "2026-11-01", "valid_until": "2027-01-31", "on": False})
    assert "valid_from: 2026-11-01\nvalid_until: 2027-01-31\n" in text
    assert text.startswith("id: gd.unbind.handler\n'on': false\nprovince: gd\n")


def test_check_finds_nothing_in_the_shipped_book(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == ""
