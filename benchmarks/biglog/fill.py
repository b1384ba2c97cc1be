"""Fills an empty database with an invented log: by COPY on PostgreSQL, by rows on SQLite."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import yaml
from sqlalchemy import String, case, cast, func, insert, literal_column, select, text

from benchmarks.biglog.invented import COLUMNS, ENTRIES, OFFICER, REVIEWER, Inventor, _moment
from hrss import books, staff
from hrss.database import Database
from hrss.sealing import Sealer
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import Conversation, metadata
from hrss.tables.base import Moment

DAYS = 730  # that the log spans
INVENTED = 100_000  # conversations; what is more repeats these, earlier and under other ids
AT_ONCE = 2_000
ACCOUNTS_AT_ONCE = 20_000
PASSWORD = "a-long-enough-passphrase"
WHO = {REVIEWER: Role.TRAINER, OFFICER: Role.ADMINISTRATOR, "auditor": Role.AUDITOR}
PEOPLE = ("id", "name", "certificate_type", "certificate_lookup", "key_id", "sealed")
ACCOUNTS = ("id", "person_id", "province", "login", "real_name_level", "phone_lookup")
ACCOUNTS += ("must_change", "registered_at", "key_id", "sealed")


def fill(database: Database, settings: Settings, conversations: int, accounts: int, now: datetime) -> None:
    """Make tables, staff, book, and the log; refuses a database that holds conversations."""
    database.migrate()
    with database.transaction() as session:
        if session.scalar(select(func.count()).select_from(Conversation)):
            raise SystemExit("This database holds conversations: name an empty one.")
        for username, role in WHO.items():
            staff.add(session, username, username, role, PASSWORD, now)
        files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(ENTRIES.glob("*.yml"))]
        bodies = {body["id"]: _with_days(body) for body in files}
        books.publish(session, bodies, note="benchmark", now=now)
    copies = max(-(-conversations // INVENTED), 1) if database.engine.dialect.name == "postgresql" else 1
    days = DAYS / copies
    told = _told("conversations", conversations // copies)
    for rows in Inventor(1, now).batches(conversations // copies, days, AT_ONCE):
        _write(database, rows)
        told(len(rows["conversations"]))
    if database.engine.dialect.name == "postgresql":
        _multiply(database, copies, timedelta(days=days))
    told = _told("accounts", accounts)
    for people, owned in _people(Sealer(settings), accounts, now):
        _write(database, {"people": people, "person_accounts": owned})
        told(len(people))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("VACUUM ANALYZE" if database.engine.dialect.name == "postgresql" else "ANALYZE")
        )


def _with_days(body: dict[str, Any]) -> dict[str, Any]:
    """Days as the book keeps them in the database: written out."""
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in body.items()}


def certificate(number: int) -> str:
    """What stands on the certificate of the person of this number; as long as a real one, and not to be taken for one."""
    return f"{number:018d}"


def _people(
    sealer: Sealer, accounts: int, now: datetime
) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    at, sealed = _moment(now), b"\0" * 96
    for first in range(0, accounts, ACCOUNTS_AT_ONCE):
        people, owned = [], []
        for number in range(first, min(first + ACCOUNTS_AT_ONCE, accounts)):
            key, id = sealer.lookup("certificate", certificate(number)), f"{number:032x}"
            people.append((id, f"办事人{number}", "resident_id", key, "benchmark", sealed))
            owned.append((id, id, "gd", f"login{number}", 2, key, False, at, "benchmark", sealed))
        yield people, owned


def _write(database: Database, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    columns = {**COLUMNS, "people": PEOPLE, "person_accounts": ACCOUNTS}
    on_postgresql = database.engine.dialect.name == "postgresql"
    connection = database.engine.raw_connection()
    cursor = connection.cursor()
    # Nothing is checked against what it refers to: all of it is made here.
    cursor.execute(
        "SET session_replication_role = replica; SET timezone = 'UTC'" if on_postgresql else "BEGIN IMMEDIATE"
    )
    for table in (each.name for each in metadata.sorted_tables if each.name in rows):
        (_copy if on_postgresql else _insert)(cursor, table, columns[table], rows[table])
    cursor.execute("COMMIT")
    # Not to be used again: what it was told for the filling stays with it.
    connection.detach()
    connection.close()


def _insert(cursor: Any, table: str, names: Sequence[str], given: Sequence[tuple[Any, ...]]) -> None:
    places = ", ".join("?" * len(names))
    cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", given)


def _multiply(database: Database, copies: int, span: timedelta) -> None:
    """Repeat what there is, each time one span earlier. The server does it in a fraction of the time."""
    told = _told("tables", len(COLUMNS))
    for table in (each for each in metadata.sorted_tables if each.name in COLUMNS):
        number = func.generate_series(1, copies - 1).column_valued("copy_number")
        with database.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            copied = [_copied(table.c[name], number, span) for name in COLUMNS[table.name]]
            connection.execute(insert(table).from_select(COLUMNS[table.name], select(*copied)))
        told(1)
    with database.engine.begin() as connection:
        last = "SELECT setval(pg_get_serial_sequence('audit_trail', 'id'), max(id)) FROM audit_trail"
        connection.execute(text(last))


def _copied(column: Any, number: Any, span: timedelta) -> Any:
    if isinstance(column.type, Moment):
        return literal_column(f"{column.table.name}.{column.name}") - number * span
    if column.name == "id" and column.table.name == "audit_trail":
        return column + number * 10_000_000
    if column.name in ("id", "conversation_id", "turn_id", "run_id", "number", "subject_lookup"):
        return func.concat(func.left(column, -2), func.lpad(cast(number, String), 2, "0"))
    if column.name == "state" and column.table.name == "cases":
        return case((column == "submitted", "notified"), else_=column)  # what is old is decided
    return column


def _copy(cursor: Any, table: str, names: Sequence[str], given: Sequence[tuple[Any, ...]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows(
        ["\\x" + value.hex() if isinstance(value, bytes) else value for value in row] for row in given
    )
    file.seek(0)
    # Nothing between two commas is NULL, which no column here has as an empty text.
    cursor.copy_expert(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv)", file)


def _told(what: str, total: int) -> Callable[[int], None]:
    """Say how far it is, on one line."""
    began, done = time.monotonic(), 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        seconds = time.monotonic() - began
        end = "\n" if done >= total else ""
        print(f"\r{what}: {done:,} of {total:,}, {seconds:,.0f} s", end=end, file=sys.stderr, flush=True)

    return more
