"""python -m hrss refunds …: the agency's side of 稳岗返还."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from hrss import public_notices, refund_counter, refund_import, refund_slips, regulations
from hrss.database import Database
from hrss.hall import Hall
from hrss.money import yuan
from hrss.refund_confirmations import RefundDecision
from hrss.staff_rights import Right, require
from hrss.tables import AssessmentBatch

PROVINCES = ("hn",)  # F8: Guangdong's screens are not ours


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    steps = commands.add_parser(
        "refunds", help="assessments, confirmations and notices of 稳岗返还"
    ).add_subparsers(dest="step", required=True)
    taking_in = steps.add_parser(
        "import", help="take in a CSV or XLSX file of assessments, whole or not at all"
    )
    taking_in.add_argument("file", type=Path)
    steps.add_parser("batches", help="what was imported, the newest first")
    for step, does in (("approve", "show a batch to its organizations"), ("discard", "take back a batch")):
        steps.add_parser(step, help=does).add_argument("batch")
    text = steps.add_parser("regulation", help="publish the text to be read, as a new version of its year's")
    text.add_argument("file", type=Path)
    notice = steps.add_parser(
        "publish", help="publish the notice (公示) of a year: nothing is confirmed after it"
    )
    out = steps.add_parser("export", help="write what came of a year to a CSV or XLSX file")
    out.add_argument("file", type=Path)
    counter = steps.add_parser("counter", help="record what an organization decided at the counter")
    counter.add_argument("uscc")
    counter.add_argument("decision", choices=[each.value for each in RefundDecision])
    steps.add_parser("verify", help="whether a slip is genuine and still counts").add_argument("slip")
    for of_year in (taking_in, text, notice, out, counter):
        of_year.add_argument("--province", choices=PROVINCES, default="hn")
        of_year.add_argument("--year", type=int, required=True)
    for name, parser in steps.choices.items():
        if name not in ("batches", "verify"):
            parser.add_argument("--by", required=True, metavar="USERNAME", help="the member of staff")


def run(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    """Do what was asked; yield what to tell."""
    return _STEPS[chosen.step](database, hall, chosen, now)


def _import(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    taken = refund_import.take_in(
        database, hall, chosen.file, province=chosen.province, year=chosen.year, staff=chosen.by, now=now
    )
    yield f"{taken.batch}  {taken.assessments} assessments, {yuan(taken.total)} yuan in all; waits for approval"


def _batches(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.reading() as session:
        yield from map(_line, refund_import.batches(session))


def _approve(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        batch = refund_import.approve(session, chosen.batch, staff=chosen.by, now=now)
    yield _line(batch)


def _discard(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        batch = refund_import.discard(session, chosen.batch, staff=chosen.by, now=now)
    yield f"{batch.number}  {batch.assessments} assessments are taken back"


def _regulation(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        require(session, chosen.by, Right.REFUNDS)
        text = regulations.publish(
            session, province=chosen.province, year=chosen.year, path=chosen.file, now=now
        )
    yield f"{text.province} {text.year}  version {text.version}  {text.title}"


def _publish(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        notice = public_notices.publish(
            session, province=chosen.province, year=chosen.year, staff=chosen.by, now=now
        )
    yield (
        f"{notice.province} {notice.year}  noticed {notice.published_at:%Y-%m-%d %H:%M}  "
        f"{notice.accepted} accepted ({yuan(notice.accepted_total)} yuan), "
        f"{notice.waived} waived, {notice.unconfirmed} not confirmed"
    )


def _export(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.reading() as session:
        count = public_notices.export(
            session, hall, chosen.file, province=chosen.province, year=chosen.year, staff=chosen.by
        )
    yield f"{chosen.file.name}  {count} assessments"


def _counter(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.transaction() as session:
        settled = refund_counter.enter(
            session,
            hall,
            province=chosen.province,
            year=chosen.year,
            uscc=chosen.uscc,
            decision=RefundDecision(chosen.decision),
            staff=chosen.by,
            now=now,
        )
    yield f"{settled.slip}  {settled.org_name}  {settled.year}  {settled.decision.label}"


def _verify(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    with database.reading() as session:
        slip = refund_slips.verify(session, chosen.slip)
    counts = "counts" if slip.counts else "is superseded"
    yield (
        f"{slip.number}  {slip.org_name}  {slip.year}  {RefundDecision(slip.decision).label}  "
        f"issued {slip.issued_at:%Y-%m-%d %H:%M}  {counts}  sha256 {slip.digest}"
    )


def _line(batch: AssessmentBatch) -> str:
    state = f"approved by {batch.approved_by}" if batch.approved_by else "waits for approval"
    return f"{batch.number}  {batch.assessments} assessments  {batch.imported_at:%Y-%m-%d %H:%M}  {state}"


_STEPS: Mapping[str, Callable[[Database, Hall, argparse.Namespace, datetime], Iterator[str]]] = {
    "import": _import,
    "batches": _batches,
    "approve": _approve,
    "discard": _discard,
    "regulation": _regulation,
    "publish": _publish,
    "export": _export,
    "counter": _counter,
    "verify": _verify,
}
