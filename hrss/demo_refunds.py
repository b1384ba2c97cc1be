"""
Refunds of the demo hall: one year of Henan that is open, and one after its public notice.

What was confirmed stays confirmed when the demo hall is filled again: the record is append-only here too.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from hrss import public_notices, refund_counter, refund_import, regulations
from hrss.database import Database
from hrss.hall import Hall
from hrss.refund_confirmations import RefundDecision
from hrss.tables import AssessmentBatch

FILES = Path(__file__).parent / "words" / "refunds"
PROVINCE = "hn"
OPEN_YEAR, NOTICED_YEAR = 2023, 2022
WAIVED = "91410100MA0000066K"  # at the counter, before the notice


def fill(
    database: Database,
    hall: Hall,
    *,
    now: datetime,
    staff: str = "demo_administrator",
    years: tuple[int, ...] = (OPEN_YEAR, NOTICED_YEAR),
) -> None:
    """Publish the texts and take in the assessments, unless they are there."""
    for year in years:
        with database.transaction() as session:
            text = FILES / f"{PROVINCE}-{year}.md"
            regulations.publish(session, province=PROVINCE, year=year, path=text, now=now)
            of_year = select(AssessmentBatch.number).where(
                AssessmentBatch.province == PROVINCE, AssessmentBatch.year == year
            )
            if session.scalar(of_year.limit(1)):
                continue
        file = FILES / f"{PROVINCE}-{year}.csv"
        taken = refund_import.take_in(
            database, hall, file, province=PROVINCE, year=year, staff=staff, now=now
        )
        with database.transaction() as session:
            refund_import.approve(session, taken.batch, staff=staff, now=now)
            if year == NOTICED_YEAR:
                refund_counter.enter(
                    session,
                    hall,
                    province=PROVINCE,
                    year=year,
                    uscc=WAIVED,
                    decision=RefundDecision.WAIVE,
                    staff=staff,
                    now=now,
                )
                public_notices.publish(session, province=PROVINCE, year=year, staff=staff, now=now)
