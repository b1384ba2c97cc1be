"""The drill: back up a hall with people, cases and trackers, lose it, restore it, compare it."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from hrss import backup, identity
from hrss.backup import BackupFailed
from hrss.database import Database
from hrss.hall import Hall
from hrss.tables import PersonAccount
from tests.hrss.conftest import POSTGRESQL
from tests.hrss.people import CHEN, CHENS_PHONE, Talk

Empty = Callable[[], str]


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Iterator[Empty]:
    """Makes empty databases of the kind that `database` is of."""
    url = make_url(database.url)
    if url.get_backend_name() == "sqlite":
        yield lambda: f"sqlite:///{tmp_path}/{secrets.token_hex(4)}.db"
        return
    server = create_engine(POSTGRESQL, future=True, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make() -> str:
        made.append(f"hrss_{secrets.token_hex(6)}")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]}"))
        return url.set(database=made[-1]).render_as_string(hide_password=False)

    yield make
    with server.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def stores(database: Database, talk: Talk, empty: Empty) -> dict[str, str]:
    """The shared database with something in it, and a tracker store."""
    talk(identity.send_person_code, **CHEN, phone=CHENS_PHONE)
    tracker = Database(empty())
    with tracker.transaction() as session:
        session.execute(text("CREATE TABLE events (id INTEGER PRIMARY KEY, data TEXT)"))
        session.execute(text("INSERT INTO events VALUES (1, '你好'), (2, NULL)"))
    tracker.close()
    return {"hrss": database.url, "tracker": tracker.url}


def test_a_restored_hall_is_the_hall_that_was_backed_up_row_by_row(
    stores: dict[str, str], database: Database, hall: Hall, empty: Empty, tmp_path: Path, now: datetime
) -> None:
    folder = tmp_path / "backup"
    taken = backup.take(folder, stores, now=now)
    lost = {name: empty() for name in stores}

    restored = backup.restore(folder, lost, key_ids={"k1"})

    assert taken.stores == restored.stores
    assert taken.stores["tracker"]["events"][0] == 2
    assert taken.stores["hrss"]["people"][0] > 5
    for name, url in stores.items():
        assert backup.digests_of(make_url(url)) == backup.digests_of(make_url(lost[name]))
    again = Database(lost["hrss"])
    again.migrate()
    with again.reading() as session:
        account = session.scalar(select(PersonAccount).where(PersonAccount.login == "chenjing95"))
        assert hall.sealer.unseal_document(account)["phone"] == CHENS_PHONE, "and it can be read"
    again.close()


def test_a_restore_notices_a_row_that_differs(
    stores: dict[str, str], empty: Empty, tmp_path: Path, now: datetime
) -> None:
    backup.take(tmp_path / "backup", stores, now=now)
    manifest = tmp_path / "backup" / backup.MANIFEST
    body = json.loads(manifest.read_text())
    body["stores"]["tracker"]["events"][1] = "0" * 64
    manifest.write_text(json.dumps(body))

    with pytest.raises(BackupFailed, match="tracker: restored, but these tables differ: events"):
        backup.restore(tmp_path / "backup", {name: empty() for name in stores}, key_ids={"k1"})


def test_a_restore_overwrites_nothing_and_begins_only_what_it_can_end(
    stores: dict[str, str], empty: Empty, tmp_path: Path, now: datetime
) -> None:
    folder = tmp_path / "backup"
    backup.take(folder, stores, now=now)

    with pytest.raises(BackupFailed, match="not empty"):
        backup.restore(folder, stores, key_ids={"k1"})
    with pytest.raises(BackupFailed, match="VAULT_KEYS lacks k1"):
        backup.restore(folder, {name: empty() for name in stores}, key_ids={"k2"})
    with pytest.raises(BackupFailed, match="there already"):
        backup.take(folder, stores, now=now)
    (folder / backup.MANIFEST).unlink()
    with pytest.raises(BackupFailed, match="no whole backup"):
        backup.restore(folder, {name: empty() for name in stores}, key_ids={"k1"})


def test_a_backup_is_for_its_owner_alone_and_holds_no_value_in_the_clear(
    stores: dict[str, str], tmp_path: Path, now: datetime
) -> None:
    folder = tmp_path / "backup"
    backup.take(folder, stores, now=now)

    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.name == backup.MANIFEST or path.stat().st_mode & 0o077 == 0
        assert CHENS_PHONE.encode() not in path.read_bytes()
