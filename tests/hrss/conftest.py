"""The database as it runs: SQLite in a file, and PostgreSQL if one answers (REQUIRE_SERVICES=1: it must)."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from hrss import conversations, demo_hall
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.staff import Role
from hrss.systems.demo import DemoRecords
from hrss.tables import Conversation, StaffMember, metadata
from hrss.vault import Vault
from tests.hrss.people import Talk

# Machines are slow at times, and a slow example is not a wrong one.
hypothesis.settings.register_profile("hrss", deadline=None, database=None)
hypothesis.settings.load_profile("hrss")

POSTGRESQL = make_url(
    os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/test?connect_timeout=3")
)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def settings() -> Settings:
    return Settings(
        database_url="",
        vault_keys={"k1": b"1" * 32},
        lookup_key=b"l" * 32,
        web_origins=(),
        web_sessions_per_minute=100,
        web_site_sessions_per_minute=1000,
        web_messages_per_minute=100,
        session_idle=timedelta(minutes=30),
        identity_key="",
        console_secret_key="c" * 32,
        redis_url="",
    )


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault(settings)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating once a run is enough."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """The server, by a database of this run's own, which is dropped with the run."""
    name = f"hrss_{secrets.token_hex(6)}"
    server = create_engine(POSTGRESQL, future=True, isolation_level="AUTOCOMMIT")
    try:
        connection = server.connect()
    except OperationalError as error:
        server.dispose()
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"PostgreSQL does not answer: {error}", pytrace=False)
        pytest.skip("PostgreSQL does not answer")
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield POSTGRESQL.set(database=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: URL) -> Iterator[Database]:
    database = Database(postgresql.render_as_string(hide_password=False))
    database.migrate()
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database; tests that take it run on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "hrss.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.close()
        return
    database = request.getfixturevalue("migrated_postgresql")
    with database.transaction() as session:
        # Else the trigger that keeps the audit trail would keep it from us too.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        # TRUNCATE would write a new file for every table and index: a hundred times the time of these for few rows.
        session.execute(text("; ".join(f"DELETE FROM {table}" for table in metadata.tables)))
    yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database nobody has migrated."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'not' / 'there' / 'yet.db'}")
        yield database
        database.close()
        return
    url: URL = request.getfixturevalue("postgresql")
    name = f"{url.database}_bare"
    server = create_engine(POSTGRESQL, future=True, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        database = Database(url.set(database=name).render_as_string(hide_password=False))
        yield database
        database.close()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def another_conversation(database: Database, now: datetime) -> Callable[..., Conversation]:
    """Opens as many conversations as a test needs."""

    def another(token_hash: str | None = None) -> Conversation:
        with database.transaction() as session:
            return conversations.open(
                session,
                channel="web",
                site="https://hall.example",
                province="gd",
                token_hash=token_hash,
                now=now,
                idle=timedelta(minutes=30),
            )

    return another


@pytest.fixture
def conversation(another_conversation: Callable[..., Conversation]) -> Conversation:
    return another_conversation()


@pytest.fixture
def hall(database: Database, settings: Settings, now: datetime) -> Hall:
    """The demo hall, with everyone in the state `words/demo_hall.yml` describes; no cases yet."""
    hall = Hall.open(settings, database)
    with database.transaction() as session:
        demo_hall.fill(session, hall, DemoRecords(database, hall.sealer), now=now)
        for role in Role:
            # Nobody signs in here, and a true hash takes its time.
            session.add(
                StaffMember(
                    username=role.value,
                    name=role.value,
                    role=role.value,
                    password_hash="none",
                    failures=0,
                    created_at=now,
                )
            )
    return hall


@pytest.fixture
def new_talk(
    database: Database, hall: Hall, now: datetime, another_conversation: Callable[..., Conversation]
) -> Callable[[], Talk]:
    return lambda: Talk(database, hall, another_conversation().id, now)


@pytest.fixture
def talk(new_talk: Callable[[], Talk]) -> Talk:
    return new_talk()
