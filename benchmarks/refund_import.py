"""
`python -m benchmarks.refund_import`: how long the agency's file of 100 000 assessments takes, and how much memory.

Every import is a process of its own, in which nothing else is done, on an empty database: SQLite, and PostgreSQL where one
answers (TEST_POSTGRESQL_URL).

    --rows N    so many assessments instead
"""

from __future__ import annotations

import argparse
import base64
import csv
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from openpyxl import Workbook
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from stdnum.cn import uscc

from hrss import refund_import
from hrss.database import Database
from hrss.hall import Hall
from hrss.settings import Settings
from hrss.staff import Role
from hrss.tables import StaffMember

ROOT = Path(__file__).parent.parent
ROWS = 100_000
PROVINCE, YEAR, STAFF = "hn", 2023, "benchmark"
HEAD = list(refund_import.COLUMNS)
POSTGRESQL = os.environ.get(
    "TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/test?connect_timeout=3"
)


@dataclass(frozen=True)
class Run:
    file: str
    database: str
    seconds: float
    processor: float
    peak_mb: float


def assessments(rows: int) -> Iterator[list[str]]:
    """Yield invented organizations with valid codes, and figures as agencies write them."""
    for number in range(rows):
        code = f"91410100MA{number:07d}"
        yield [
            code + uscc.calc_check_digit(code),
            f"4101{number:08d}",
            f"郑州示例第{number}号商贸有限公司",
            f"{64120 + number}.5",
            "0%",
            "30%",
            f"{19236 + number}.15",
            f"郑州示例第{number}号商贸有限公司",
            "示例银行郑州分行",
            f"4100{number:015d}",
        ]


def write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(assessments(rows))


def write_xlsx(path: Path, rows: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEAD)
    for row in assessments(rows):
        sheet.append(row)
    book.save(path)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Yield addresses of empty databases by kind; what was made on the server goes again."""
    found = {"SQLite": f"sqlite:///{folder}/hrss.db"}
    server = create_engine(POSTGRESQL, future=True, isolation_level="AUTOCOMMIT")
    name = f"hrss_benchmark_{secrets.token_hex(4)}"
    try:
        connection = server.connect()
    except OperationalError:
        server.dispose()
        yield found
        return
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        address = make_url(POSTGRESQL).set(database=name)
        try:
            yield {**found, "PostgreSQL": address.render_as_string(hide_password=False)}
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def prepare(address: str) -> None:
    database = Database(address)
    database.migrate()
    with database.transaction() as session:
        session.add(
            StaffMember(
                username=STAFF,
                name=STAFF,
                role=Role.ADMINISTRATOR.value,
                password_hash="none",  # nobody signs in
                failures=0,
                created_at=datetime.now(timezone.utc),
            )
        )
    database.close()


def take_in(address: str, file: Path, year: int) -> None:
    """Import one file, in this process, and print its seconds and its peak of memory."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    secret = {"VAULT_KEYS": f"benchmark:{key}", "LOOKUP_KEY": key, "CONSOLE_SECRET_KEY": key}
    settings = Settings.from_env({**os.environ, **secret, "DATABASE_URL": address})
    database = Database(address)
    hall = Hall.open(settings, database)
    began, worked = time.perf_counter(), time.process_time()
    refund_import.take_in(
        database, hall, file, province=PROVINCE, year=year, staff=STAFF, now=datetime.now(timezone.utc)
    )
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds} {processor} {peak}")
    database.close()


def measure(rows: int = ROWS) -> list[Run]:
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as addresses:
        folder = Path(name)
        files = {"CSV": folder / "given.csv", "XLSX": folder / "given.xlsx"}
        write_csv(files["CSV"], rows)
        write_xlsx(files["XLSX"], rows)
        runs = []
        for kind, address in addresses.items():
            prepare(address)
            for year, (form, file) in enumerate(files.items(), start=YEAR):
                alone = [
                    sys.executable,
                    "-m",
                    "benchmarks.refund_import",
                    "--one",
                    address,
                    str(file),
                    str(year),
                ]
                printed = subprocess.run(alone, cwd=ROOT, check=True, capture_output=True, text=True).stdout
                seconds, processor, peak = map(float, printed.split())
                runs.append(Run(form, kind, seconds, processor, peak))
        return runs


def table(rows: int, runs: Sequence[Run]) -> str:
    head = [f"| {rows:,} assessments | seconds | processor | rows a second | peak MB |", "| --- " * 5 + "|"]
    lines = [
        f"| {run.file} into {run.database} | {run.seconds:.1f} | {run.processor:.1f} | {rows / run.seconds:,.0f} "
        f"| {run.peak_mb:.0f} |"
        for run in runs
    ]
    return "\n".join([*head, *lines])


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--one", nargs=3, metavar=("DATABASE", "FILE", "YEAR"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(given)
    if chosen.one:
        address, file, year = chosen.one
        take_in(address, Path(file), int(year))
    else:
        print(table(chosen.rows, measure(chosen.rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
