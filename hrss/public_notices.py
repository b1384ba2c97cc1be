"""The public notice (公示) of a year, after which nothing is confirmed, and what came of the year for the agency."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hrss import audit
from hrss.assessments import year_of
from hrss.errors import NothingToPublish
from hrss.hall import Hall
from hrss.money import percent, yuan
from hrss.refund_confirmations import RefundDecision
from hrss.staff_rights import Right, require
from hrss.subjects import Subject, SubjectKind
from hrss.tables import Assessment, AssessmentBatch, ConfirmationSlip, RefundConfirmation, RefundYear
from hrss.workdays import BEIJING

HEAD = (
    "统一社会信用代码",
    "单位编号",
    "单位名称",
    "缴费金额",
    "裁员率",
    "返还比例",
    "返还金额",
    "户名",
    "开户银行",
    "银行账号",
    "确认结果",
    "确认时间",
    "确认单编号",
)
UNCONFIRMED = "未确认"
CHUNK = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Notice:
    province: str
    year: int
    published_at: datetime
    accepted: int
    waived: int
    unconfirmed: int
    accepted_total: Decimal


@dataclass
class _Tally:
    accepted: int = 0
    waived: int = 0
    unconfirmed: int = 0
    accepted_total: Decimal = Decimal(0)

    def add(self, decision: str | None, amount: Decimal) -> None:
        if decision is None:
            self.unconfirmed += 1
        elif decision == RefundDecision.WAIVE.value:
            self.waived += 1
        else:
            self.accepted += 1
            self.accepted_total += amount


def publish(session: Session, *, province: str, year: int, staff: str, now: datetime) -> Notice:
    """Publish the notice of a year, once: from now on the database refuses confirmations."""
    require(session, staff, Right.REFUNDS)
    year_of(session, province, year)
    # Whoever is confirming holds the year in share mode: they are let through, and the next one is refused.
    row: RefundYear = session.get(RefundYear, (province, year), with_for_update=True, populate_existing=True)
    if not session.scalar(select(func.count()).select_from(_approved(province, year).subquery())):
        raise NothingToPublish()
    if row.noticed_at is None:
        row.noticed_at, row.noticed_by = now, staff
        whose = Subject(SubjectKind.REFUND, f"{province} {year}")
        audit.record(session, "refunds.noticed", whose, now=now, staff=staff)
        session.flush()
    tally = _Tally()
    for _, amount, decision in session.execute(_standing(province, year)).yield_per(CHUNK):
        tally.add(decision, amount)
    return Notice(province, year, row.noticed_at, **vars(tally))


def export(session: Session, hall: Hall, path: Path, *, province: str, year: int, staff: str) -> int:
    """Write what came of a year to a CSV or XLSX file, as the last confirmation of each has it; return how many."""
    require(session, staff, Right.REFUNDS)
    rows = _rows(session, hall, province, year)
    return (_to_workbook if path.suffix.lower() == ".xlsx" else _to_csv)(path, rows)


def _approved(province: str, year: int):  # type: ignore[no-untyped-def]  # a statement of SQLAlchemy
    return (
        select(Assessment.id)
        .join(AssessmentBatch, AssessmentBatch.number == Assessment.batch)
        .where(
            Assessment.province == province,
            Assessment.year == year,
            AssessmentBatch.approved_at.is_not(None),
        )
    )


def _last(province: str, year: int):  # type: ignore[no-untyped-def]
    """The last confirmation of every assessment."""
    return (
        select(func.max(RefundConfirmation.id).label("id"))
        .join(Assessment, Assessment.id == RefundConfirmation.assessment_id)
        .where(Assessment.province == province, Assessment.year == year)
        .group_by(RefundConfirmation.assessment_id)
    )


def _standing(province: str, year: int):  # type: ignore[no-untyped-def]
    """Every approved assessment with its amount and the decision that counts."""
    counting = select(RefundConfirmation).where(RefundConfirmation.id.in_(_last(province, year))).subquery()
    return (
        select(Assessment.id, Assessment.amount, counting.c.decision)
        .outerjoin(counting, counting.c.assessment_id == Assessment.id)
        .where(Assessment.id.in_(_approved(province, year)))
    )


def _rows(session: Session, hall: Hall, province: str, year: int) -> Iterator[tuple[str, ...]]:
    found = session.execute(
        select(Assessment, RefundConfirmation, ConfirmationSlip.number)
        .outerjoin(
            RefundConfirmation,
            (RefundConfirmation.assessment_id == Assessment.id)
            & RefundConfirmation.id.in_(_last(province, year)),
        )
        .outerjoin(ConfirmationSlip, ConfirmationSlip.confirmation_id == RefundConfirmation.id)
        .where(Assessment.id.in_(_approved(province, year)))
        .order_by(Assessment.uscc)
        .execution_options(stream_results=True)
    ).yield_per(CHUNK)
    for assessment, confirmation, slip in found:
        session.expunge(assessment)  # else a long year would stay in memory
        yield (
            assessment.uscc,
            assessment.insured_number,
            assessment.org_name,
            yuan(assessment.contributions),
            percent(assessment.layoff_rate),
            percent(assessment.refund_ratio),
            yuan(assessment.amount),
            assessment.account_name,
            assessment.bank,
            hall.sealer.unseal_document(assessment)["account"],
            RefundDecision(confirmation.decision).label if confirmation else UNCONFIRMED,
            f"{confirmation.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if confirmation else "",
            slip or "",
        )


def _to_csv(path: Path, rows: Iterator[tuple[str, ...]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for row in rows:
            # A spreadsheet would take a name that begins so for a formula.
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
            count += 1
    return count


def _to_workbook(path: Path, rows: Iterator[tuple[str, ...]]) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEAD)
    count = 0
    for row in rows:
        sheet.append([_as_text(sheet, cell) for cell in row])
        count += 1
    book.save(path)
    return count


def _as_text(sheet, value: str):  # type: ignore[no-untyped-def]  # openpyxl has no types
    """Every cell a text: a number would become a float, and a name that begins with = a formula."""
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell
