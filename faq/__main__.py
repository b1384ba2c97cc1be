"""python -m faq: check the book, publish the shipped one, export the published one."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from faq import desk
from faq.export import export
from faq.lint import lint_files, load_appendix
from faq.shelf import shipped_bodies
from hrss import books, workdays
from hrss.database import Database
from hrss.settings import Settings, SettingsError

FACTS = (
    Path(__file__).parent.parent / "tests" / "faq" / "facts"
)  # not there where only the product is installed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m faq", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="print what is wrong with the shipped book; exit 1 when anything is")
    publishing = commands.add_parser("publish", help="make the shipped book the one that answers")
    publishing.add_argument(
        "--over-console",
        action="store_true",
        help="also where that undoes what staff published in the console",
    )
    exporting = commands.add_parser("export", help="write the book that answers as files, one an entry")
    exporting.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)

    if chosen.command == "check":
        return _check()
    try:
        database = Database(Settings.from_env().database_url)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.command == "publish":
        return _publish(database, chosen.over_console)
    return _export(database, chosen.folder)


def _check() -> int:
    found = lint_files(load_appendix(), workdays.today(), facts_folder=FACTS if FACTS.is_dir() else None)
    for finding in found:
        print(finding)
    return 1 if found else 0


def _publish(database: Database, over_console: bool) -> int:
    now, shipped = dt.datetime.now(dt.timezone.utc), shipped_bodies()
    with database.transaction() as session:
        before = books.current_version(session)
        if not over_console and not books.is_of_files(session, shipped):
            answering = books.entries(session, before or 0)
            print(
                f"Version {before} was published in the console and is not in the files:",
                *desk.differing(answering, shipped),
                "Take it over with `python -m faq export faq/entries`, or undo it with `publish --over-console`.",
                sep="\n",
                file=sys.stderr,
            )
            return 1
        version = books.publish(session, shipped, note="published from the files", now=now)
    print("unchanged" if version == before else f"version {version}")
    return 0


def _export(database: Database, folder: Path) -> int:
    with database.reading() as session:
        version = books.current_version(session)
        bodies = books.entries(session, version) if version is not None else {}
    if version is None:
        print(
            "No book has been published yet. `python -m faq publish` publishes the shipped one.",
            file=sys.stderr,
        )
        return 1
    print(f"version {version}: {export(bodies, folder)} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
