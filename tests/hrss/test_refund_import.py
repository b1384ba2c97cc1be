"""F1: assessments from files: whole or not at all, exact, with the lines of what is wrong; what comes out at the end."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from hrss import public_notices, refund_import
from hrss.database import Database
from hrss.demo_refunds import FILES
from hrss.errors import (
    BatchAlreadyApproved,
    BatchUnknown,
    ColumnMissing,
    FileUnreadable,
    NothingToImport,
    Refusal,
    RowsWrong,
    StaffMayNot,
)
from hrss.hall import Hall
from hrss.refund_import import Imported
from hrss.tables import Assessment, AssessmentBatch

SAMPLE = (FILES / "hn-2023.csv").read_text(encoding="utf-8")
HEAD, *ROWS = list(csv.reader(SAMPLE.splitlines()))


class Agency:
    def __init__(self, database: Database, hall: Hall, now: datetime, folder: Path) -> None:
        self.database, self.hall, self.now, self.folder = database, hall, now, folder

    def take_in(self, file: Path, staff: str = "administrator") -> Imported:
        return refund_import.take_in(
            self.database, self.hall, file, province="hn", year=2023, staff=staff, now=self.now
        )

    def written(self, content: str | bytes, name: str = "given.csv") -> Path:
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def approve(self, batch: str) -> None:
        with self.database.transaction() as session:
            refund_import.approve(session, batch, staff="administrator", now=self.now)

    def stored(self) -> dict[str, Assessment]:
        with self.database.reading() as session:
            return {row.uscc: row for row in session.scalars(select(Assessment))}


@pytest.fixture
def agency(database: Database, hall: Hall, now: datetime, tmp_path: Path) -> Agency:
    return Agency(database, hall, now, tmp_path)


def test_f2_a_file_is_stored_as_it_was_given_and_comes_out_so(agency: Agency) -> None:
    taken = agency.take_in(agency.written(SAMPLE.encode("gb18030")))
    agency.approve(taken.batch)

    assert (taken.assessments, taken.total) == (3, Decimal("202007.57"))
    row = agency.stored()["91410181MA0000074Q"]
    assert (str(row.contributions), str(row.amount), row.line) == ("64120.5", "38472.3", 4)
    for name in ("out.csv", "out.xlsx"):
        out = agency.folder / name
        with agency.database.reading() as session:
            public_notices.export(session, agency.hall, out, province="hn", year=2023, staff="administrator")
        if name.endswith("csv"):
            rows = list(csv.reader(out.read_text(encoding="utf-8-sig").splitlines()))
        else:
            rows = [list(map(str, row)) for row in load_workbook(out).active.iter_rows(values_only=True)]
        assert len(rows) == 4
        assert [row[:10] for row in rows[1:]] == sorted(ROWS)
        assert {row[10] for row in rows[1:]} == {"未确认"}


def test_f2_a_number_of_a_workbook_becomes_no_float(agency: Agency) -> None:
    book = Workbook()
    book.active.append(HEAD)
    for row in ROWS:
        book.active.append([*row[:3], float(row[3]), *row[4:6], float(row[6]), *row[7:]])
    book.save(agency.folder / "given.xlsx")

    agency.take_in(agency.folder / "given.xlsx")

    stored = agency.stored()
    assert str(stored["91410100MA00000311"].amount) == "115864.55"
    assert str(stored["91410300MA00000583"].contributions) == "158902.4"


def test_all_or_nothing_with_every_wrong_line(agency: Agency) -> None:
    good, other, third = ROWS
    wrong = [
        HEAD,
        good,
        [*other[:3], "1.234", "30", *other[5:]],
        ["91410181MA0000074X", *third[1:9], "12"],
        good,
        third[:4],
    ]
    with pytest.raises(RowsWrong) as refused:
        agency.take_in(agency.written("\n".join(",".join(row) for row in wrong)))

    lines = [error.split(":")[0] for error in refused.value.errors]
    assert lines == ["line 3", "line 3", "line 4", "line 4", "line 5", *["line 6"] * 6]
    assert refused.value.count == 11
    assert agency.stored() == {}


def test_an_organization_has_one_assessment_a_year(agency: Agency) -> None:
    agency.take_in(agency.written(SAMPLE))

    with pytest.raises(RowsWrong) as refused:
        agency.take_in(agency.written(SAMPLE))
    assert refused.value.count == 3
    assert len(agency.stored()) == 3


def test_a_file_that_is_none_is_refused_plainly(agency: Agency) -> None:
    def refusal(content: str | bytes, name: str = "given.csv") -> type[Refusal]:
        with pytest.raises(Refusal) as refused:
            agency.take_in(agency.written(content, name))
        return type(refused.value)

    assert refusal("") is NothingToImport
    assert refusal(",".join(HEAD)) is NothingToImport
    assert refusal("a,b\n1,2") is ColumnMissing
    assert refusal(b"\xff\xfe\x00\x01" * 9) in (FileUnreadable, ColumnMissing)
    assert refusal(b"PK\x05\x06" + bytes(18), "empty.xlsx") is FileUnreadable
    with pytest.raises(FileUnreadable):
        agency.take_in(agency.folder / "nowhere.csv")


def test_a_batch_is_approved_once_and_taken_back_only_before(agency: Agency) -> None:
    with pytest.raises(StaffMayNot):
        agency.take_in(agency.written(SAMPLE), staff="trainer")
    first = agency.take_in(agency.written(SAMPLE)).batch
    with agency.database.transaction() as session:
        refund_import.discard(session, first, staff="reviewer", now=agency.now)
    assert agency.stored() == {}
    with pytest.raises(BatchUnknown):
        agency.approve(first)

    second = agency.take_in(agency.written(SAMPLE)).batch
    agency.approve(second)
    for _ in range(2):
        with pytest.raises(BatchAlreadyApproved), agency.database.transaction() as session:
            refund_import.discard(session, second, staff="administrator", now=agency.now)
    with agency.database.reading() as session:
        assert session.get(AssessmentBatch, second).approved_by == "administrator"
