import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, StatementError

from hrss import books
from hrss.database import AWAY, Database
from hrss.tables import BookVersion, metadata


def differences(connection: Connection) -> list[Any]:
    """What the tables of the code have and the database has not, or the reverse."""
    here = connection.dialect.name

    def is_here(found: Any, _name: str, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "index" or found.info.get("only", here) == here

    opts = {"compare_type": True, "include_object": is_here}
    return list(compare_metadata(MigrationContext.configure(connection, opts=opts), metadata))


def test_migrations_lead_from_nothing_to_the_tables(bare_database: Database) -> None:
    bare_database.migrate()

    with bare_database.engine.connect() as connection:
        assert differences(connection) == []


def test_migrating_again_changes_nothing(bare_database: Database) -> None:
    bare_database.migrate()
    bare_database.migrate()

    assert set(metadata.tables) <= set(inspect(bare_database.engine).get_table_names())


def test_tables_of_a_later_version_are_left_as_they_are(bare_database: Database) -> None:
    """A bot of the older version that is started again in the middle of an upgrade, or after it was taken back."""
    bare_database.migrate()
    with bare_database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of_a_later_version'"))

    bare_database.migrate()

    with bare_database.reading() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "of_a_later_version"


def test_writers_of_one_process_line_up_and_who_waits_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hrss.database.BUSY_TIMEOUT_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path}/hrss.db")
    with database.transaction(), ThreadPoolExecutor(1) as other:
        refused = other.submit(database.ping)
        with pytest.raises(AWAY, match="locked"):
            refused.result(timeout=30)

    database.ping()
    database.close()


def test_dropping_leaves_nothing_of_ours_and_everything_of_others(bare_database: Database) -> None:
    with bare_database.transaction() as session:
        session.execute(text("CREATE TABLE events (id INTEGER PRIMARY KEY)"))
    bare_database.migrate()

    bare_database.drop()

    assert {"events", "alembic_version"} == set(inspect(bare_database.engine).get_table_names())


def test_several_processes_may_migrate_at_once(bare_database: Database, tmp_path: Path) -> None:
    hrss = [sys.executable, "-m", "hrss"]
    elsewhere = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "DATABASE_URL": bare_database.url}
    subprocess.run([*hrss, "init"], cwd=tmp_path, env=elsewhere, check=True)

    processes = [subprocess.Popen([*hrss, "migrate"], cwd=tmp_path, env=elsewhere) for _ in range(2)]

    assert [process.wait(240) for process in processes] == [0, 0]
    assert set(metadata.tables) <= set(inspect(bare_database.engine).get_table_names())


def test_a_block_that_raises_leaves_no_trace(database: Database, now: datetime) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        session.add(BookVersion(number=1, published_at=now, note="", digest=""))
        session.flush()
        raise RuntimeError

    with database.reading() as session:
        assert session.get(BookVersion, 1) is None


def test_rows_stay_readable_after_their_transaction(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        version = BookVersion(number=1, published_at=now, note="first", digest="")
        session.add(version)

    assert version.note == "first"


def test_reading_cannot_write(database: Database, now: datetime) -> None:
    with pytest.raises(DBAPIError), database.reading() as session:
        session.add(BookVersion(number=1, published_at=now, note="", digest=""))
        session.flush()

    with database.transaction() as session:
        session.add(BookVersion(number=2, published_at=now, note="", digest=""))


def test_reading_does_not_wait_for_a_writer(database: Database, now: datetime) -> None:
    with database.transaction() as writer:
        writer.add(BookVersion(number=1, published_at=now, note="", digest=""))
        writer.flush()
        with database.reading() as reader:
            assert reader.get(BookVersion, 1) is None


def test_a_moment_comes_back_aware_and_in_utc(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    with database.transaction() as session:
        session.add(
            BookVersion(number=1, published_at=datetime(2026, 11, 2, 8, tzinfo=beijing), note="", digest="")
        )

    with database.reading() as session:
        read = session.get(BookVersion, 1).published_at
    assert datetime(2026, 11, 2, 0, tzinfo=timezone.utc) == read
    assert timedelta(0) == read.utcoffset()


def test_a_moment_without_a_zone_is_a_bug(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"), database.transaction() as session:
        session.add(BookVersion(number=1, published_at=datetime(2026, 11, 2), note="", digest=""))


def test_ping_raises_when_there_is_no_database(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path / 'fine.db'}").ping()

    with pytest.raises(DBAPIError):
        Database("postgresql://nobody@127.0.0.1:1/none").ping()


def test_sqlite_keeps_foreign_keys_and_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hrss.db'}")

    with database.transaction() as session:
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA busy_timeout")) == 5000


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database("sqlite://").ping()


def test_chinese_is_stored_as_chinese(migrated_sqlite: Path, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "hrss.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with Database(f"sqlite:///{path}").transaction() as session:
        books.publish(session, {"a": {"question": "怎么登录？"}}, note="", now=now)

    [(body,)] = sqlite3.connect(path).execute("SELECT body FROM book_entries").fetchall()
    assert "怎么登录？" in body


KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from alembic import op
from hrss.database import AWAY, Database

made, create = [], op.create_table
def create_and_die(*given, **more):
    made.append(create(*given, **more))
    if len(made) == 20:
        os.kill(os.getpid(), signal.SIGKILL)
op.create_table = create_and_die
Database(sys.argv[1]).migrate()
"""


def test_a_migration_that_is_killed_in_the_middle_leaves_nothing_and_the_next_start_completes_it(
    bare_database: Database,
) -> None:
    command = [sys.executable, "-c", KILLED_IN_THE_MIDDLE, bare_database.url]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert inspect(bare_database.engine).get_table_names() == []

    bare_database.migrate()

    with bare_database.engine.connect() as connection:
        assert differences(connection) == []
