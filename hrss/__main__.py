"""python -m hrss: prepare secrets, tables and the demo hall; send messages; review cases; operate."""

import argparse
import json
import os
import secrets
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from hrss import (
    backup,
    bulletin_commands,
    case_review,
    closures,
    demo_hall,
    demo_refunds,
    dispatcher,
    grant_codes,
    health,
    logs,
    org_portals,
    personal_data_commands,
    refund_commands,
    regressions,
    sealing,
    staff,
    staff_office,
)
from hrss.backup import BackupFailed
from hrss.case_review import CaseFile
from hrss.closures import Closable
from hrss.database import Database, limit_waiting
from hrss.errors import Refusal
from hrss.feed import commands as feed_commands
from hrss.feed.commands import StoreDiffers
from hrss.hall import Hall
from hrss.settings import SECRETS_FILE, Settings, SettingsError, TranscriptFeed, write_fresh_secrets
from hrss.staff import Role
from hrss.systems.demo import DemoRecords
from hrss.tables import StaffMember

DEMO_NAMES = {
    Role.REVIEWER: "演示审核员",
    Role.CASE_OFFICER: "演示坐席",
    Role.TRAINER: "演示训练师",
    Role.ADMINISTRATOR: "演示管理员",
    Role.AUDITOR: "演示审计员",
}


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.command == "init":
        done = "Wrote" if write_fresh_secrets() else "Kept"
        print(f"{done} {SECRETS_FILE}")
        return 0
    try:
        if chosen.command == "transcripts" and chosen.step == "consume":
            feed_commands.consume(_feed())  # before anything asks for a key
        settings = Settings.from_env()
        database = Database(settings.database_url)
        return _COMMANDS[chosen.command](database, Hall.open(settings, database), chosen)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (Refusal, BackupFailed, StoreDiffers) as failed:
        print(failed, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hrss", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help=f"write fresh secrets to {SECRETS_FILE}, unless it is there")
    commands.add_parser("migrate", help="bring the tables of DATABASE_URL up to date")
    demo = commands.add_parser(
        "demo",
        help="migrate, put the demo hall back into its first state, add demo staff where there is none",
    )
    demo.add_argument("--fresh", action="store_true", help="first drop all our tables in DATABASE_URL")
    administrator = commands.add_parser(
        "administrator", help="make an administrator of the console, or give them a new one-time password"
    )
    administrator.add_argument("username")
    administrator.add_argument("--name", default="管理员", help="how the console calls them")
    tests = commands.add_parser("regressions", help="write the tests that staff made of conversations")
    tests.add_argument("folder", nargs="?", type=Path, default=Path("tests/regressions"))
    sms = commands.add_parser("sms", help="send what waits in the outbox")
    sms.add_argument("--watch", action="store_true", help="go on for ever")
    commands.add_parser("rotate", help="seal everything with the newest of VAULT_KEYS")
    refund_commands.add_to(commands)
    feed_commands.add_to(commands)
    personal_data_commands.add_to(commands, tracker=_tracker_url())
    portal = commands.add_parser("portal", help="appointments at Henan's counters").add_subparsers(
        dest="step", required=True
    )
    portal.add_parser("bookings", help="who is expected, the oldest first")
    maintaining = portal.add_parser("maintain", help="the counter has maintained the code of a booking")
    maintaining.add_argument("number")
    maintaining.add_argument("--by", required=True, metavar="USERNAME", help="the member of staff")
    issuing = commands.add_parser(
        "grant-code", help="the counter gives an operator the code of their organization, told here once"
    )
    issuing.add_argument("number", help="统一社会信用代码 or 组织机构代码")
    issuing.add_argument("--operator", required=True, metavar="LOGIN", help="whose it is, by their login")
    issuing.add_argument("--province", default="gd")
    issuing.add_argument("--by", required=True, metavar="USERNAME", help="the member of staff")
    review = commands.add_parser("cases", help="review cases").add_subparsers(dest="step", required=True)
    listing = review.add_parser("list", help="the cases that wait, the oldest first")
    listing.add_argument("--all", action="store_true", help="every case, the newest first")
    review.add_parser("show", help="one case").add_argument("number")
    for step in ("take", "approve", "return", "reject"):
        deciding = review.add_parser(step)
        deciding.add_argument("number")
        deciding.add_argument(
            "--by", required=True, metavar="USERNAME", help="the member of staff who decides"
        )
        if step in ("return", "reject"):
            deciding.add_argument("--reason", required=True, help="what the person is told")
    bulletin_commands.add_to(commands)
    _add_operating(commands)
    return parser


def _add_operating(commands: Any) -> None:
    commands.add_parser("health", help="what waits, what is closed, what is wrong; 1 when something is")
    close = commands.add_parser("close", help="close a channel or a flow; people hear the reason")
    reopen = commands.add_parser("reopen", help="open it again")
    for switching in (close, reopen):
        switching.add_argument("kind", choices=[kind.value for kind in Closable])
        switching.add_argument("name", help="a channel such as web, or the stem of a flow")
        switching.add_argument("--by", required=True, metavar="USERNAME", help="an administrator")
    close.add_argument("--reason", required=True, help="in Chinese, as people should hear it")
    for name, told in (
        ("backup", "copy both databases into a new folder"),
        ("restore", "and back, compared"),
    ):
        copying = commands.add_parser(name, help=told)
        copying.add_argument("folder", type=Path)
        copying.add_argument(
            "--tracker",
            default=_tracker_url(),
            metavar="URL",
            help="where Rasa keeps its trackers; TRACKER_DATABASE_URL when not given",
        )


def _migrate(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    database.migrate()
    return 0


def _demo(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    if chosen.fresh:
        database.drop()
    database.migrate()
    now = datetime.now(timezone.utc)
    with database.transaction() as session:
        told = _add_demo_staff(session, now)
        demo_hall.fill(session, hall, DemoRecords(database, hall.sealer), now=now)
        demo_hall.submit_cases(session, hall, now=now)
    demo_refunds.fill(database, hall, now=now)
    for line in told:
        print(line)
    return 0


def _administrator(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    now = datetime.now(timezone.utc)
    with database.transaction() as session:
        password = staff_office.administrator(session, chosen.username, chosen.name, now)
    print(f"{chosen.username}  {password}")
    return 0


def _regressions(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    with database.reading() as session:
        count = regressions.export(session, chosen.folder)
    print(f"{count} in {chosen.folder}")
    return 0


def _sms(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    if chosen.watch:
        logs.configure()
        limit_waiting()
        dispatcher.watch(database, hall, Database(_tracker_url()))
    came_of = dispatcher.dispatch(database, hall, now=datetime.now(timezone.utc))
    print(", ".join(f"{count} {state.value}" for state, count in came_of.items()) or "nothing to send")
    return 0


def _tracker_url() -> str:
    return os.environ.get("TRACKER_DATABASE_URL") or "sqlite:///var/tracker.db"


def _personal_data(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    for line in personal_data_commands.run(database, hall, chosen, datetime.now(timezone.utc)):
        print(line)
    return 0


def _rotate(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    for table in sealing.sealed_tables():
        done = True
        while done:
            with database.transaction() as session:
                done = bool(hall.sealer.rotate(session, table))
    return 0


def _cases(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    now = datetime.now(timezone.utc)
    with database.transaction() as session:
        if chosen.step == "list":
            for case in case_review.waiting(session, hall, every=chosen.all):
                print(_line(case))
            return 0
        if chosen.step == "show":
            case = case_review.show(session, hall, chosen.number)
        elif chosen.step in ("take", "approve"):
            go_on = {"take": case_review.take, "approve": case_review.approve}[chosen.step]
            case = go_on(session, hall, chosen.number, staff=chosen.by, now=now)
        else:
            decide = {"return": case_review.return_, "reject": case_review.reject}[chosen.step]
            case = decide(session, hall, chosen.number, staff=chosen.by, reason=chosen.reason, now=now)
    print(_line(case))
    if chosen.step == "show":
        for name, value in {**case.claim, "photos": len(case.photos), "reason": case.reason}.items():
            print(f"  {name}: {value}")
    return 0


def _refunds(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    for line in refund_commands.run(database, hall, chosen, datetime.now(timezone.utc)):
        print(line)
    return 0


def _transcripts(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    for line in feed_commands.run(database, _feed(), chosen):
        print(line)
    return 0


def _feed() -> TranscriptFeed:
    feed = TranscriptFeed.from_env()
    if feed is None:
        raise SettingsError(
            "RABBITMQ_URL is not set: transcripts are told to nobody. Set it, or leave this off."
        )
    return feed


def _portal(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    with database.transaction() as session:
        if chosen.step == "bookings":
            for booking in org_portals.bookings(session):
                print(
                    f"{booking.number}  {booking.uscc}  {booking.org_name}  {booking.booked_at:%Y-%m-%d %H:%M}"
                )
            return 0
        now = datetime.now(timezone.utc)
        booking = org_portals.maintain(session, hall, chosen.number, staff=chosen.by, now=now)
    print(f"{booking.number}  {booking.uscc}  maintained")
    return 0


def _grant_code(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    with database.transaction() as session:
        code = grant_codes.issue_at_counter(
            session,
            hall,
            province=chosen.province,
            number=chosen.number,
            login=chosen.operator,
            staff=chosen.by,
            now=datetime.now(timezone.utc),
        )
    print(code)
    return 0


def _line(case: CaseFile) -> str:
    due = f"due {case.due_on}" if case.due_on else ""
    submitted = f"{case.submitted_at:%Y-%m-%d %H:%M}"
    return "  ".join(
        (case.number, case.kind.label, (case.outcome or case.state).label, submitted, due)
    ).rstrip()


def _health(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    with database.reading() as session:
        fed = TranscriptFeed.from_env() is not None
        condition = health.read(session, now=datetime.now(timezone.utc), fed=fed)
    troubles = condition.troubles()
    print(json.dumps({**asdict(condition), "troubles": troubles}, ensure_ascii=False, indent=1))
    return 1 if troubles else 0


def _close(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    kind, now = Closable(chosen.kind), datetime.now(timezone.utc)
    with database.transaction() as session:
        if chosen.command == "close":
            closures.close(session, kind, chosen.name, reason=chosen.reason, staff=chosen.by, now=now)
        else:
            closures.reopen(session, kind, chosen.name, staff=chosen.by, now=now)
        for closed in closures.standing(session):
            print(f"closed  {closed.kind.value} {closed.name}  by {closed.by}: {closed.reason}")
    return 0


def _bulletin(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    for line in bulletin_commands.run(database, chosen, datetime.now(timezone.utc)):
        print(line)
    return 0


def _backup(database: Database, hall: Hall, chosen: argparse.Namespace) -> int:
    stores = {"hrss": database.url, "tracker": chosen.tracker}
    if chosen.command == "backup":
        manifest = backup.take(chosen.folder, stores, now=datetime.now(timezone.utc))
    else:
        manifest = backup.restore(chosen.folder, stores, key_ids=Settings.from_env().vault_keys)
    for name, tables in manifest.stores.items():
        print(
            f"{name}: {sum(rows for rows, _ in tables.values())} rows in {len(tables)} tables, all compared"
        )
    return 0


def _add_demo_staff(session: Session, now: datetime) -> list[str]:
    """Add who is missing; the passwords are told here and nowhere else."""
    told = []
    for role, name in DEMO_NAMES.items():
        username = f"demo_{role.value}"
        if session.get(StaffMember, username) is None:
            password = secrets.token_urlsafe(12)
            staff.add(session, username, name, role, password, now)
            told.append(f"{username}  {password}")
    return told


_COMMANDS = {
    "migrate": _migrate,
    "demo": _demo,
    "administrator": _administrator,
    "regressions": _regressions,
    "sms": _sms,
    "sweep": _personal_data,
    "consents": _personal_data,
    "person": _personal_data,
    "rotate": _rotate,
    "cases": _cases,
    "refunds": _refunds,
    "transcripts": _transcripts,
    "portal": _portal,
    "grant-code": _grant_code,
    "health": _health,
    "close": _close,
    "reopen": _close,
    "bulletin": _bulletin,
    "backup": _backup,
    "restore": _backup,
}


if __name__ == "__main__":
    sys.exit(main())
