"""The 稳岗返还政策确认单: made as a PDF when a confirmation is settled, archived sealed, known by its number."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from hrss import words
from hrss.errors import SlipUnknown
from hrss.hall import Hall
from hrss.identifiers import CASE_ALPHABET, Kind, check_character, mask, parse_slip_number
from hrss.money import percent, yuan
from hrss.regulations import READING
from hrss.tables import Assessment, ConfirmationSlip, RefundConfirmation, Regulation
from hrss.workdays import BEIJING

FONT = Path(__file__).parent / "fonts" / "HallSansSC.ttf"
UNKNOWN = "〓"  # printers' sign for a character they have no type of
RANDOM_CHARACTERS = 8
LABEL_WIDTH = 62  # mm


@dataclass(frozen=True)
class SlipStanding:
    """What anyone may know who has a slip's number: whether it is genuine, and whether it still counts."""

    number: str
    year: int
    org_name: str  # masked
    decision: str
    issued_at: datetime
    counts: bool
    digest: str


def issue(
    session: Session, hall: Hall, assessment: Assessment, confirmation: RefundConfirmation, *, now: datetime
) -> str:
    """Make and archive the slip of a confirmation, in the transaction that settles it; return its number."""
    number = _new_number(session, assessment)
    pdf = _printed(_blanks(session, hall, assessment, confirmation, number))
    slip = ConfirmationSlip(
        number=number,
        confirmation_id=confirmation.id,
        digest=hashlib.sha256(pdf).hexdigest(),
        issued_at=now,
    )
    hall.sealer.seal(slip, pdf)
    session.add(slip)
    session.flush()
    return number


def latest(session: Session, assessment_id: str) -> str | None:
    """The slip of the confirmation that counts."""
    number: str | None = session.scalar(
        select(ConfirmationSlip.number)
        .join(RefundConfirmation, RefundConfirmation.id == ConfirmationSlip.confirmation_id)
        .where(RefundConfirmation.assessment_id == assessment_id)
        .order_by(desc(RefundConfirmation.id))
        .limit(1)
    )
    return number


def of_assessment(session: Session, number: str) -> tuple[ConfirmationSlip, Assessment]:
    """A slip, and the assessment it is about."""
    row = session.execute(
        select(ConfirmationSlip, Assessment)
        .join(RefundConfirmation, RefundConfirmation.id == ConfirmationSlip.confirmation_id)
        .join(Assessment, Assessment.id == RefundConfirmation.assessment_id)
        .where(ConfirmationSlip.number == parse_slip_number(number))
    ).one_or_none()
    if row is None:
        raise SlipUnknown()
    return row[0], row[1]


def verify(session: Session, number: str) -> SlipStanding:
    """Whether a slip is genuine and still counts, for whoever holds its number."""
    slip, assessment = of_assessment(session, number)
    confirmation = session.get(RefundConfirmation, slip.confirmation_id)
    last = session.scalar(
        select(func.max(RefundConfirmation.id)).where(RefundConfirmation.assessment_id == assessment.id)
    )
    return SlipStanding(
        number=slip.number,
        year=assessment.year,
        org_name=assessment.org_name[:2]
        + "*" * max(len(assessment.org_name) - 4, 1)
        + assessment.org_name[-2:],
        decision=confirmation.decision,
        issued_at=slip.issued_at,
        counts=confirmation.id == last,
        digest=slip.digest,
    )


def masked_account(hall: Hall, assessment: Assessment) -> str:
    return mask(Kind.BANK_CARD, hall.sealer.unseal_document(assessment)["account"])


def _blanks(
    session: Session, hall: Hall, assessment: Assessment, confirmation: RefundConfirmation, number: str
) -> dict[str, str]:
    text = session.get(
        Regulation, (assessment.province, assessment.year, confirmation.regulation_version or 0)
    )
    return {
        "number": number,
        "year": str(assessment.year),
        "org_name": assessment.org_name,
        "uscc": assessment.uscc,
        "insured_number": assessment.insured_number,
        "contributions": yuan(assessment.contributions),
        "layoff_rate": percent(assessment.layoff_rate),
        "refund_ratio": percent(assessment.refund_ratio),
        "amount": yuan(assessment.amount),
        "account_name": assessment.account_name,
        "bank": assessment.bank,
        "account": masked_account(hall, assessment),
        "decision": confirmation.decision,
        "how": _how(confirmation),
        "title": text.title if text else "",
        "version": str(text.version) if text else "",
        "seconds": str(int(READING.total_seconds())),
        "at": f"{confirmation.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
    }


def _how(confirmation: RefundConfirmation) -> str:
    if confirmation.staff is not None:
        return "at_counter"
    return "in_hall" if confirmation.confirmed_by.startswith("person:") else "by_representative"


def _printed(blanks: Mapping[str, str]) -> bytes:
    said = words.read("confirmation_slip")
    decision = said["decisions"][blanks["decision"]]
    pdf = FPDF(format="A4")
    pdf.set_margins(22, 24)
    pdf.set_title(said["title"].format_map(blanks))
    pdf.add_font("hall", fname=FONT)
    pdf.add_page()

    def line(text: str, size: int = 11, height: int = 8, align: str = "L") -> None:
        pdf.set_font("hall", size=size)
        pdf.multi_cell(0, height, _printable(text), align=align, new_x="LMARGIN", new_y="NEXT")

    line(said["title"].format_map(blanks), size=18, height=14, align="C")
    line(said["number"].format_map(blanks), align="R")
    pdf.set_font("hall", size=11)
    with pdf.table(
        col_widths=(LABEL_WIDTH, 166 - LABEL_WIDTH), first_row_as_headings=False, line_height=9
    ) as table:
        for label, value in said["figures"]:
            table.row((label, _printable(value.format_map(blanks))))
    pdf.ln(6)
    line(said["decision"].format_map({**blanks, "decision": decision}), size=14, height=11)
    line(said[blanks["how"]].format_map(blanks))
    pdf.ln(4)
    line(said["note"], size=9, height=6)
    return bytes(pdf.output())


def _printable(text: str) -> str:
    """The text with a sign for every character that the font lacks: such a name must not keep its owner waiting."""
    return "".join(each if ord(each) in _characters() else UNKNOWN for each in text)


@cache
def _characters() -> frozenset[int]:
    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _new_number(session: Session, assessment: Assessment) -> str:
    """A number nobody can guess from another."""
    while True:
        drawn = "".join(secrets.choice(CASE_ALPHABET) for _ in range(RANDOM_CHARACTERS))
        number = f"{assessment.province.upper()}{assessment.year}{drawn}{check_character(drawn)}"
        if session.get(ConfirmationSlip, number) is None:
            return number
