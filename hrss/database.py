"""The shared database: one engine a process, one transaction a block."""

import json
import logging
import os
import select
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg2 import extensions
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS = 5
MIGRATION_TIMEOUT_MS = 120_000
WAIT_SECONDS = 5  # for a server that is not there: no person waits longer for a refusal
ANSWER_SECONDS = 10  # for a server that is there, and does not answer
AGAIN_SECONDS = 2  # while the last question had no answer: the others need not all find it out

log = logging.getLogger(__name__)

# What is raised when the database cannot be reached, or cannot be written for the time being.
AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)


class ReadOnly(Exception):
    """The database answers, but takes nothing."""


class Database:
    """
    The way to the records: `transaction()` to change them, `reading()` to look.

    Nothing is opened before the first use, and a forked child opens its own.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine: Engine | None = None
        self._opened_by: int | None = None
        self._opening = threading.Lock()
        self._writing = threading.Lock()

    @property
    def engine(self) -> Engine:
        with self._opening:
            if self._engine is not None and self._opened_by != os.getpid():
                # The connections belong to the parent process, which still uses them.
                self._engine.dispose(close=False)
                self._engine = None
            if self._engine is None:
                self._engine = _open(self.url)
                self._opened_by = os.getpid()
            return self._engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit when the block ends, roll back when it raises. Rows stay readable afterwards."""
        engine = self.engine
        with (
            self._in_line(engine),
            Session(engine, future=True, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Look without keeping anyone from writing; a write in the block is an error."""
        engine = self.engine.execution_options(reading=True, postgresql_readonly=True)
        with Session(engine, future=True, expire_on_commit=False) as session, session.begin():
            yield session

    def ping(self) -> None:
        """Raise unless the database answers and may be written."""
        with self.transaction() as session:  # SQLite takes its write lock here
            if (
                self.engine.dialect.name == "postgresql"
                and session.scalar(text("SHOW transaction_read_only")) == "on"
            ):
                raise ReadOnly

    def answers(self) -> bool:
        """Whether it can be asked and written now."""
        try:
            self.ping()
        except Exception:
            log.warning("the database is away", exc_info=True)
            return False
        return True

    def migrate(self) -> None:
        """
        Bring the tables up to this version of the code. Safe when several processes start at once.

        Tables of a later version, which only adds, are left alone: during an upgrade an older process may start again.
        """
        self._run_migrations(_upgrade, "head")

    def drop(self) -> None:
        """Drop all our tables with what they hold; those of others in the same database stay."""
        self._run_migrations(command.downgrade, "base")

    def close(self) -> None:
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @contextmanager
    def _in_line(self, engine: Engine) -> Iterator[None]:
        """
        Let the threads of this process write to an SQLite file one after the other.

        SQLite itself has those who wait look again after ever longer sleeps, in no order: half of a busy process's
        threads slept while nobody wrote, and some found no turn for seconds.
        """
        if engine.dialect.name != "sqlite":
            yield
            return
        if not self._writing.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
        try:
            yield
        finally:
            self._writing.release()

    def _run_migrations(self, direction: Any, revision: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                # Who comes second waits until the first is done, which takes longer than any other transaction.
                connection.connection.execute(f"PRAGMA busy_timeout = {MIGRATION_TIMEOUT_MS}")
            with connection.begin():
                lock(connection, "migrations")
                config.attributes["connection"] = connection
                direction(config, revision)
            if connection.dialect.name == "sqlite":
                connection.connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")


def patience(url: URL) -> dict[str, Any]:
    """How long a connection waits for a server that is gone: without these, for as long as the network likes."""
    if url.get_backend_name() != "postgresql":
        return {}
    lost = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    return {"connect_timeout": WAIT_SECONDS, **lost}


def limit_waiting() -> None:
    """
    From now on no question of this process waits longer than `ANSWER_SECONDS` for PostgreSQL.

    A server that hangs keeps its connections open and its network well, so that no other limit sees it. For processes that
    serve people; a migration may take longer.
    """
    extensions.set_wait_callback(_wait)


_hangs = threading.Event()


def _wait(connection: Any) -> None:
    waiting = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), waiting[state])
        seconds = AGAIN_SECONDS if _hangs.is_set() else ANSWER_SECONDS
        if not poll.poll(seconds * 1000):
            _hangs.set()
            # Nobody knows what it was in the middle of. Closed, the connection would wait for that itself.
            with socket.socket(fileno=os.dup(connection.fileno())) as line, suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            # in these words SQLAlchemy knows that the connection is gone
            raise psycopg2.OperationalError(
                f"could not receive data from server: no answer in {seconds} seconds"
            )
    _hangs.clear()


def lock(connection: Connection | Session, name: str) -> None:
    """Let one transaction at a time past this line, on all machines, until it ends."""
    # On SQLite the whole transaction is already exclusive (BEGIN IMMEDIATE).
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    if bind.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"hrss {name}"})


def _upgrade(config: Config, revision: str) -> None:
    ours = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    there = MigrationContext.configure(config.attributes["connection"]).get_current_heads()
    if ours.issuperset(there):
        command.upgrade(config, revision)
    else:
        log.warning("the tables are those of a later version, and stay as they are")


def _open(url: str) -> Engine:
    # An error's text reaches the log, so it may not hold what was to be stored: hide_parameters.
    # Chinese is stored as Chinese, so that it can be searched and read.
    dumps = partial(json.dumps, ensure_ascii=False)
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed,
            future=True,
            pool_pre_ping=True,
            pool_timeout=WAIT_SECONDS,
            connect_args=patience(parsed),
            json_serializer=dumps,
            hide_parameters=True,
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("SQLite needs a file: several processes share it")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        future=True,
        poolclass=QueuePool,
        connect_args={"check_same_thread": False},
        json_serializer=dumps,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # pysqlite would begin on its own, later than we need
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that turns from reading to writing fails at once when another has written
    # in between; one that takes the write lock at the beginning waits for its turn instead.
    reading = connection.get_execution_options().get("reading", False)
    # Past SQLAlchemy, which takes ten times as long about it; what may fail is left to it.
    connection.connection.dbapi_connection.execute(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
