"""
Backup and restore of what the assistant stores, each proven by comparing every row.

A backup is a folder: one copy for each store, and a manifest with the number and the digest of the rows of every
table, taken in the same snapshot. The keys of the environment are no part of it: who has only the backup reads nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, inspect, select
from sqlalchemy.engine import URL, Connection, make_url

from hrss.sealing import sealed_tables

MANIFEST = "manifest.json"
Digests = dict[str, tuple[int, str]]  # rows and their digest, by table


class BackupFailed(Exception):
    """A backup or restore that cannot be relied on; says why."""


@dataclass(frozen=True)
class Manifest:
    at: str
    stores: dict[str, Digests]
    key_ids: list[str]  # under which values are sealed: to be found in VAULT_KEYS to read them


def take(folder: Path, stores: Mapping[str, str], *, now: datetime) -> Manifest:
    """Copy the stores, name to URL, into a new folder. They go on working meanwhile."""
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise BackupFailed(f"{folder} is there already. Give the backup a folder of its own.") from None
    digests: dict[str, Digests] = {}
    key_ids: set[str] = set()
    for name, address in stores.items():
        url = make_url(address)
        copy = folder / _file(name, url)
        digests[name], keys = _copy_sqlite(url, copy) if _is_sqlite(url) else _dump_postgresql(url, copy)
        copy.chmod(0o600)
        key_ids |= keys
    manifest = Manifest(now.isoformat(), digests, sorted(key_id for key_id in key_ids if key_id))
    # Last: a folder without a manifest is a backup that was broken off.
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
    return manifest


def restore(folder: Path, stores: Mapping[str, str], *, key_ids: Iterable[str]) -> Manifest:
    """Put a backup into empty stores, and compare every row with what was backed up."""
    manifest = read(folder)
    if missing := set(manifest.key_ids) - set(key_ids):
        raise BackupFailed(
            f"VAULT_KEYS lacks {', '.join(sorted(missing))}: what is sealed under them could not be read."
        )
    for name, address in stores.items():
        url = make_url(address)
        there = digests_of(url)
        if any(rows for table, (rows, _) in there.items() if table != "alembic_version"):
            raise BackupFailed(f"{name}: the store is not empty. Restore into a new one, then switch over.")
    for name, address in stores.items():
        url = make_url(address)
        copy = folder / _file(name, url)
        if not copy.exists():
            raise BackupFailed(f"{copy} is missing: the backup is of another kind of database.")
        _restore_sqlite(copy, url) if _is_sqlite(url) else _restore_postgresql(copy, url)
        if differing := _differences(manifest.stores[name], digests_of(url)):
            raise BackupFailed(f"{name}: restored, but these tables differ: {', '.join(differing)}")
    return manifest


def read(folder: Path) -> Manifest:
    try:
        body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BackupFailed(f"{folder} holds no whole backup: {MANIFEST} is missing or torn.") from None
    stores = {
        name: {table: (int(rows), str(digest)) for table, (rows, digest) in tables.items()}
        for name, tables in body["stores"].items()
    }
    return Manifest(body["at"], stores, body["key_ids"])


def digests_of(url: URL) -> Digests:
    """Return the number and the digest of the rows of every table of a store; nothing of one that is not there."""
    if _is_sqlite(url) and not Path(url.database or "").exists():
        return {}
    engine = create_engine(url, future=True)
    try:
        with engine.connect() as connection:
            return _digests(connection)
    finally:
        engine.dispose()


def _digests(connection: Connection) -> Digests:
    found: Digests = {}
    for name in sorted(inspect(connection).get_table_names()):
        table = Table(name, MetaData(), autoload_with=connection)
        order = list(table.primary_key.columns) or list(table.columns)
        digest, rows = hashlib.sha256(), 0
        for row in connection.execute(select(table).order_by(*order)):
            digest.update(repr([_plain(value) for value in row]).encode("utf-8", "surrogatepass"))
            rows += 1
        found[name] = (rows, digest.hexdigest())
    return found


def _plain(value: Any) -> Any:
    """A value as it compares: of bytes, their content; of a document, its keys in order."""
    if isinstance(value, memoryview):
        return bytes(value)
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value


def _key_ids(connection: Connection) -> set[str]:
    there = set(inspect(connection).get_table_names())
    tables = [table for table in sealed_tables() if table.__tablename__ in there]
    return {key for table in tables for key in connection.execute(select(table.key_id).distinct()).scalars()}


def _differences(wanted: Digests, found: Digests) -> list[str]:
    return sorted(table for table in wanted.keys() | found.keys() if wanted.get(table) != found.get(table))


def _is_sqlite(url: URL) -> bool:
    return bool(url.get_backend_name() == "sqlite")


def _file(name: str, url: URL) -> str:
    return f"{name}.db" if _is_sqlite(url) else f"{name}.dump"


def _copy_sqlite(url: URL, copy: Path) -> tuple[Digests, set[str]]:
    if not Path(url.database or "").exists():
        raise BackupFailed(f"{url.database} is not there.")
    with closing(sqlite3.connect(url.database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    engine = create_engine(URL.create("sqlite", database=str(copy)), future=True)
    with engine.connect() as connection:
        found = _digests(connection), _key_ids(connection)
    engine.dispose()
    return found


def _restore_sqlite(copy: Path, url: URL) -> None:
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(url.database)) as target:
        source.backup(target)


def _dump_postgresql(url: URL, copy: Path) -> tuple[Digests, set[str]]:
    engine = create_engine(url, future=True, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
            _run_tool(url, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={copy}")
            return _digests(connection), _key_ids(connection)
    finally:
        engine.dispose()


def _restore_postgresql(copy: Path, url: URL) -> None:
    # Empty tables of ours may be there already: they are what the backup brings with it.
    _run_tool(
        url,
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--clean",
        "--if-exists",
        "--single-transaction",
        "--exit-on-error",
        str(copy),
    )


def _run_tool(url: URL, tool: str, *arguments: str) -> None:
    # The password goes by the environment: a command line is for everyone on the machine to read.
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    try:
        run = subprocess.run(  # noqa: S603  # our own arguments
            [tool, f"--dbname={plain}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise BackupFailed(f"{tool} is not installed: it belongs to PostgreSQL's client programs.") from None
    if run.returncode:
        raise BackupFailed(f"{tool} failed: {run.stderr.strip()[-500:]}")
