"""The commands about personal data: what retention will take, a copy for a person, their erasure, the consents given."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hrss import one_person, retention
from hrss.database import Database
from hrss.hall import Hall
from hrss.tables import Consent, Conversation
from hrss.workdays import BEIJING

CONSENT_COLUMNS = ("at", "kind", "granted", "text_version", "channel", "province", "conversation")


class _Only(Exception):
    """Nothing of this may stay."""


def add_to(commands: Any, *, tracker: str) -> None:
    sweep = commands.add_parser("sweep", help="delete what is past its retention")
    sweep.add_argument("--preview", action="store_true", help="only say what would go")
    sweep.add_argument(
        "--on", type=datetime.fromisoformat, metavar="MOMENT", help="with --preview: as of then"
    )
    sweep.add_argument("--tracker", default=tracker, metavar="URL", help="where Rasa keeps its trackers")
    commands.add_parser("consents", help="write the register of consents as CSV")
    person = commands.add_parser(
        "person", help="all that is kept of one person; their number is read from the input"
    )
    person.add_argument("step", choices=["copy", "erase"])
    person.add_argument("--by", required=True, metavar="USERNAME", help="an administrator")
    person.add_argument("--out", type=Path, help="with copy: the new file that only this user may read")
    person.add_argument("--tracker", default=tracker, metavar="URL", help="where Rasa keeps its trackers")


def run(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    if chosen.command == "sweep":
        yield from _sweep(database, hall, chosen, now)
    elif chosen.command == "consents":
        _consents(database)
    elif chosen.step == "copy":
        yield _copy(database, hall, chosen, now)
    else:
        yield _erase(database, hall, chosen, now)


def _sweep(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> Iterator[str]:
    as_of = chosen.on if chosen.preview and chosen.on else now
    if as_of.tzinfo is None:
        as_of = as_of.replace(tzinfo=BEIJING)
    try:
        with database.transaction() as session:
            swept = retention.sweep(session, now=as_of)
            words = retention.words_past(session, now=as_of, kept=hall.words_kept)
            if chosen.preview:
                raise _Only  # what was counted is what goes: it was tried, and taken back
    except _Only:
        yield f"by {as_of:%Y-%m-%d %H:%M %z} there would go:"
    else:
        tracker = Database(chosen.tracker)
        for _ in range(-(-words // retention.EMPTIED_AT_ONCE)):
            with database.transaction() as session:
                retention.sweep_words(session, tracker, now=as_of, kept=hall.words_kept)
    gone = {**swept.by_class, "conversations_emptied": words}
    yield from (f"{count:8}  {name}" for name, count in gone.items() if count)
    if not any(gone.values()):
        yield "       0  nothing is past its time"


def _consents(database: Database) -> None:
    out = csv.writer(sys.stdout)
    out.writerow(CONSENT_COLUMNS)
    register = select(Consent, Conversation).join(Conversation, Conversation.id == Consent.conversation_id)
    with database.reading() as session:
        for consent, conversation in session.execute(register.order_by(Consent.id)):
            given = (consent.at.isoformat(), consent.kind, consent.granted, consent.text_version)
            out.writerow((*given, conversation.channel, conversation.province or "", conversation.id))


def _copy(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> str:
    if chosen.out is None:
        return "say with --out into which new file"
    with database.transaction() as session:
        copied = one_person.copy(session, hall, certificate=_number(), staff=chosen.by, now=now)
        if copied is None:
            return "nothing is kept of this person"
        handle = os.open(chosen.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(copied, file, ensure_ascii=False, indent=1)
    return f"{len(copied['conversations'])} conversations and {len(copied['cases'])} cases in {chosen.out}"


def _erase(database: Database, hall: Hall, chosen: argparse.Namespace, now: datetime) -> str:
    tracker = Database(chosen.tracker)
    with database.transaction() as session:
        receipt = one_person.erase(session, hall, tracker, certificate=_number(), staff=chosen.by, now=now)
    if receipt is None:
        return "nothing is kept of this person"
    return json.dumps(asdict(receipt), ensure_ascii=False, indent=1)


def _number() -> str:
    """The certificate's number, from the input: an argument would stand in the shell's history."""
    return sys.stdin.readline().strip()
