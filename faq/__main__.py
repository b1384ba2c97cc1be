"""python -m faq: check the book, publish the shipped one, export the published one, draft entries from a manual."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from faq import desk
from faq.export import export
from faq.lint import lint_files, load_appendix
from faq.places import SERVED
from faq.shelf import differing, shipped_bodies
from hrss import books, workdays
from hrss.database import Database
from hrss.errors import Refusal
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
    commands.add_parser(
        "status", help="say which entries are not in the files as they answer; exit 1 when there are any"
    )
    drafting = commands.add_parser(
        "draft",
        help="draft entries from a manual (.docx, .pdf, .txt), to be written and approved in the console",
    )
    drafting.add_argument("file", type=Path)
    drafting.add_argument("--province", choices=SERVED, required=True, help="where the manual holds")
    drafting.add_argument("--document", default="", help="its key, where faq/sources.yml names it")
    drafting.add_argument("--title", default="", help="the title under which it is cited, where it does not")
    drafting.add_argument(
        "--by", required=True, metavar="USERNAME", help="a member of staff who keeps the book"
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
    if chosen.command == "draft":
        return _draft(database, chosen)
    if chosen.command == "status":
        return _status(database)
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
                *differing(answering, shipped),
                "Take it over with `python -m faq export faq/entries`, or undo it with `publish --over-console`.",
                sep="\n",
                file=sys.stderr,
            )
            return 1
        version = books.publish(session, shipped, note="published from the files", now=now)
    print("unchanged" if version == before else f"version {version}")
    return 0


def _status(database: Database) -> int:
    with database.reading() as session:
        version = books.current_version(session)
        answering, shipped = books.entries(session, version or 0), shipped_bodies()
        is_of_files = books.is_of_files(session, shipped)
    found = differing(answering, shipped)
    for entry_id in found:
        where = (
            "only in the files"
            if entry_id not in answering
            else "only in the book"
            if entry_id not in shipped
            else "not the same"
        )
        print(f"{entry_id}\t{where}")
    if not found:
        print(f"version {version}: as in the files")
        return 0
    way = "publish" if is_of_files else "export faq/entries` or `python -m faq publish --over-console"
    print(
        f"version {version}: {len(found)} entries differ; `python -m faq {way}` settles it", file=sys.stderr
    )
    return 1


def _draft(database: Database, chosen: argparse.Namespace) -> int:
    try:
        with database.transaction() as session:
            found = desk.draft(
                session,
                chosen.file.name,
                chosen.file.read_bytes(),
                province=chosen.province,
                document=chosen.document,
                title=chosen.title,
                staff=chosen.by,
                now=dt.datetime.now(dt.timezone.utc),
            )
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    except Refusal as refused:
        print(f"refused: {refused.key}", file=sys.stderr)
        return 1
    for each in found:
        nearest = ", ".join(f"{entry} {likeness:.2f}" for entry, likeness in each.nearest[:1])
        print(f"{each.place or '-'}\t{each.body['question']}\t{nearest}")
    print(f"{len(found)} drafts, under 知识库 › 草稿 in the console")
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
