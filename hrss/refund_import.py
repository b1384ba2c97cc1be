"""
Assessments (批量核定) from a file of the agency: taken in as one batch or not at all, then approved as one.

The file is read and proven outside any transaction, into a file of our own on disk; what is proven is then stored at
once. So nobody waits while a long file is read, and its length costs no memory.
"""

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hrss import audit, spreadsheets
from hrss.assessments import year_of
from hrss.database import Database
from hrss.errors import (
    BatchAlreadyApproved,
    BatchUnknown,
    ColumnMissing,
    NothingToImport,
    Refusal,
    RowsWrong,
)
from hrss.hall import Hall
from hrss.identifiers import parse_uscc
from hrss.money import parse_money, parse_percent
from hrss.staff_rights import Right, require
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Assessment, AssessmentBatch

CHUNK = 1000
ERRORS_SHOWN = 100
COLUMNS = {
    "统一社会信用代码": "uscc",
    "单位编号": "insured_number",
    "单位名称": "org_name",
    "缴费金额": "contributions",
    "裁员率": "layoff_rate",
    "返还比例": "refund_ratio",
    "返还金额": "amount",
    "户名": "account_name",
    "开户银行": "bank",
    "银行账号": "account",
}
OPEN = tuple(name for name in COLUMNS.values() if name != "account")
PROVEN = ("line", "id", "key_id", "sealed", *OPEN)  # what is kept of a row until all are proven
FIGURES = ("contributions", "layoff_rate", "refund_ratio", "amount")
_PLAIN = {"insured_number": 32, "org_name": 128, "account_name": 128, "bank": 128}  # and how long they may be
_ACCOUNT = re.compile(r"\d{6,32}")
_MARKS = re.compile(r"[（(].*[)）]|\s")  # 返还金额（元）


@dataclass(frozen=True)
class Imported:
    batch: str
    assessments: int
    total: Decimal


@dataclass
class _Errors:
    shown: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, what: str) -> None:
        self.count += 1
        if len(self.shown) < ERRORS_SHOWN:
            self.shown.append(f"line {line}: {what}")


def take_in(
    database: Database, hall: Hall, path: Path, *, province: str, year: int, staff: str, now: datetime
) -> Imported:
    """Take in a file whole, or refuse it with every error and its line."""
    with database.reading() as session:
        require(session, staff, Right.REFUNDS)
    with closing(sqlite3.connect("")) as proven:  # a file that nobody else sees, and that goes by itself
        total = _prove(database, hall, path, proven, province=province, year=year)
        number = f"{province.upper()}{year}-{secrets.token_hex(4).upper()}"
        try:
            with database.transaction() as session:
                year_of(session, province, year)
                batch = AssessmentBatch(
                    number=number,
                    province=province,
                    year=year,
                    digest=_digest(path),
                    assessments=proven.execute("SELECT count(*) FROM proven").fetchone()[0],
                    imported_by=staff,
                    imported_at=now,
                )
                session.add(batch)
                session.flush()
                for chunk in _chunks(_stored(proven, batch), CHUNK):
                    session.execute(insert(Assessment.__table__), chunk)
                _record(session, "refunds.imported", batch, staff, now)
        except IntegrityError:
            # Another import has stored some of these organizations since they were looked for: say which.
            _prove(database, hall, path, proven, province=province, year=year)
            raise
    return Imported(number, batch.assessments, total)


def approve(session: Session, number: str, *, staff: str, now: datetime) -> AssessmentBatch:
    """From now on the organizations of a batch see their assessments, whose figures stay as they are."""
    batch = _waiting(session, number, staff)
    batch.approved_by, batch.approved_at = staff, now
    _record(session, "refunds.approved", batch, staff, now)
    session.flush()
    return batch


def discard(session: Session, number: str, *, staff: str, now: datetime) -> AssessmentBatch:
    """Take back a batch that nobody has approved."""
    batch = _waiting(session, number, staff)
    session.execute(
        delete(Assessment).where(Assessment.batch == number).execution_options(synchronize_session=False)
    )
    session.delete(batch)
    _record(session, "refunds.discarded", batch, staff, now)
    session.flush()
    return batch


def batches(session: Session) -> Sequence[AssessmentBatch]:
    """Every batch, the newest first."""
    return session.scalars(select(AssessmentBatch).order_by(AssessmentBatch.imported_at.desc())).all()


def _waiting(session: Session, number: str, staff: str) -> AssessmentBatch:
    require(session, staff, Right.REFUNDS)
    batch: AssessmentBatch | None = session.get(AssessmentBatch, number, with_for_update=True)
    if batch is None:
        raise BatchUnknown()
    if batch.approved_at is not None:
        raise BatchAlreadyApproved(number=number)
    return batch


def _record(session: Session, did: str, batch: AssessmentBatch, staff: str, now: datetime) -> None:
    whose = Subject(SubjectKind.REFUND, batch.number)
    audit.record(session, did, whose, now=now, staff=staff, assessments=batch.assessments)


def _prove(
    database: Database, hall: Hall, path: Path, proven: sqlite3.Connection, *, province: str, year: int
) -> Decimal:
    """Prove every row, and keep what is proven on disk; return the sum of the amounts."""
    columns = ", ".join(f"{name} PRIMARY KEY" if name == "uscc" else name for name in PROVEN)
    proven.executescript(
        f"PRAGMA journal_mode = OFF; DROP TABLE IF EXISTS proven; CREATE TABLE proven ({columns})"
    )
    keep = f"INSERT INTO proven VALUES ({', '.join('?' * len(PROVEN))})"  # noqa: S608  # names of ours
    found = spreadsheets.rows(path)
    head = next(found, None)
    if head is None:
        raise NothingToImport()
    places = _places(head[1])
    errors = _Errors()
    total = Decimal(0)
    for chunk in _chunks(found, CHUNK):
        taken: dict[str, int] = {}
        for line, cells in chunk:
            row = _row(line, cells, places, errors)
            if row is None:
                continue
            total += Decimal(row["amount"])
            try:
                proven.execute(keep, _sealed(hall, line, row))
            except sqlite3.IntegrityError:
                errors.add(line, f"统一社会信用代码: {row['uscc']} stands in an earlier line")
                continue
            taken[row["uscc"]] = line
        with database.reading() as session:
            for uscc in _known(session, province, year, list(taken)):
                errors.add(taken[uscc], f"统一社会信用代码: {uscc} has an assessment of {year}")
    if errors.count:
        raise RowsWrong(count=errors.count, errors=tuple(errors.shown))
    if not proven.execute("SELECT EXISTS (SELECT 1 FROM proven)").fetchone()[0]:
        raise NothingToImport()
    return total


def _places(head: list[str]) -> dict[str, int]:
    """In which column each value stands; other columns are passed over."""
    named = [_MARKS.sub("", title) for title in head]
    missing = [title for title in COLUMNS if named.count(title) != 1]
    if missing:
        raise ColumnMissing(columns="、".join(missing))
    return {name: named.index(title) for title, name in COLUMNS.items()}


def _row(line: int, cells: list[str], places: dict[str, int], errors: _Errors) -> dict[str, str] | None:
    """The values of a row by name, proven; None where one is wrong, and `errors` says which."""
    row: dict[str, str] = {}
    wrong = errors.count
    for title, name in COLUMNS.items():
        given = cells[places[name]] if places[name] < len(cells) else ""
        if not given:
            errors.add(line, f"{title}: missing")
            continue
        try:
            row[name] = _PROOFS[name](given)
        except Refusal as refused:
            errors.add(line, f"{title}: {refused}")
        except ValueError as error:
            errors.add(line, f"{title}: {error}")
    return row if errors.count == wrong else None


def _plain(longest: int) -> Callable[[str], str]:
    def prove(given: str) -> str:
        if len(given) > longest:
            raise ValueError(f"longer than {longest} characters")
        if not given.isprintable():
            raise ValueError("holds characters that cannot be printed")
        return given

    return prove


def _account(given: str) -> str:
    number = given.replace(" ", "")
    if not _ACCOUNT.fullmatch(number):
        raise ValueError("not 6 to 32 digits")
    return number


_PROOFS: dict[str, Callable[[str], str]] = {
    "uscc": parse_uscc,
    "contributions": lambda given: format(parse_money(given), "f"),
    "layoff_rate": lambda given: format(parse_percent(given), "f"),
    "refund_ratio": lambda given: format(parse_percent(given), "f"),
    "amount": lambda given: format(parse_money(given), "f"),
    "account": _account,
    **{name: _plain(longest) for name, longest in _PLAIN.items()},
}


def _known(session: Session, province: str, year: int, usccs: list[str]) -> list[str]:
    wanted = select(Assessment.uscc).where(
        Assessment.province == province, Assessment.year == year, Assessment.uscc.in_(usccs)
    )
    return list(session.scalars(wanted))


def _sealed(hall: Hall, line: int, row: dict[str, str]) -> tuple[Any, ...]:
    """A proven row as it waits on disk, by `PROVEN`: the account number sealed already."""
    id_ = secrets.token_hex(16)
    key_id, sealed = hall.sealer.sealed_document(Assessment, id_, {"account": row.pop("account")})
    return (line, id_, key_id, sealed, *(row[name] for name in OPEN))


def _stored(proven: sqlite3.Connection, batch: AssessmentBatch) -> Iterator[dict[str, Any]]:
    """The proven rows as they are stored."""
    common = {"batch": batch.number, "province": batch.province, "year": batch.year}
    for values in proven.execute("SELECT * FROM proven ORDER BY line"):
        row = dict(zip(PROVEN, values))
        yield {**row, **{name: Decimal(row[name]) for name in FIGURES}, **common}


def _chunks(values: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(values, size)):
        yield chunk


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
