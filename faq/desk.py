"""What staff do at the book besides writing: see whether an entry is fit, with what it collides, what holds how long."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz, process

from faq.book import Book, Entry
from faq.clean import heard_in_book
from faq.drafting import Draft, drafts
from faq.export import as_yaml
from faq.lint import lint, load_appendix
from faq.lint.entries import file_of, load_document_provinces
from faq.lint.finding import Finding
from faq.manuals import read, sections
from faq.shelf import Bodies
from hrss import book_changes, books
from hrss import drafts as entry_drafts
from hrss.errors import EntryUnfit
from hrss.tables import BookChange

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Good to have, and no reason to keep an answer back that people need today.
ADVICE = frozenset({"too_few_phrases", "voice_missing", "expired", "phrase_twice", "entry_out_of_reach"})
MUTUAL = frozenset({"phrase_shared", "conditions_overlap"})
ALIKE = 84.0  # rapidfuzz ratio from which two phrases are shown side by side
SOON = dt.timedelta(days=30)


@dataclass(frozen=True)
class Collision:
    """A phrase, and one of another entry that is the same to understanding (100) or nearly so."""

    phrase: str
    entry: str
    question: str
    other: str
    likeness: float


@dataclass(frozen=True)
class Due:
    """An entry that ends, or that somebody wanted to look at again, and the day."""

    entry: str
    ends: dt.date | None
    review_by: dt.date | None


def entry_of(body: Mapping[str, Any]) -> Entry:
    return Entry.from_body({key: value for key, value in body.items() if key != "on"})


def is_on(body: Mapping[str, Any]) -> bool:
    return bool(body.get("on", True))


def book_of(bodies: Bodies, version: int | None = None, day: dt.date | None = None) -> Book:
    """The book that these bodies make, as people would be answered from it on a day, or with everything that is on."""
    book = Book({entry_id: entry_of(body) for entry_id, body in bodies.items() if is_on(body)}, version)
    return book.valid_on(day) if day else book


def faults(bodies: Bodies, entry_id: str, today: dt.date) -> list[Finding]:
    """
    What the rules of the book say against an entry among the others, switched on or off.

    What two entries share is the lint's to report of one of them only, so what names this one counts, too.
    """
    shown = {**bodies, entry_id: {**bodies[entry_id], "on": True}}
    named = re.compile(rf"(?<![\w.]){re.escape(entry_id)}(?![\w.])")
    return [
        found
        for found in lint(book_of(shown), load_appendix(), today)
        if found.file == file_of(entry_id) or (found.key in MUTUAL and named.search(found.text))
    ]


def grave(found: Iterable[Finding]) -> list[Finding]:
    """Those for which an entry cannot be published."""
    return [finding for finding in found if finding.key not in ADVICE]


def collisions(bodies: Bodies, entry_id: str, phrases: Sequence[str]) -> list[Collision]:
    """With which phrases of other entries of the province these are the same, or nearly; the likest first."""
    province = bodies[entry_id]["province"]
    others = [
        (said, entry)
        for other, body in bodies.items()
        if other != entry_id and is_on(body) and body["province"] == province
        for entry in [entry_of(body)]
        for said in entry.said()
    ]
    texts = [heard_in_book(said) for said, _ in others]
    found = []
    for phrase in phrases:
        for _, likeness, place in process.extract(
            heard_in_book(phrase), texts, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=2
        ):
            other, entry = others[place]
            found.append(Collision(phrase, entry.id, entry.question, other, likeness))
    return sorted(found, key=lambda each: -each.likeness)


def new_phrases(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """What an entry would be asked by that it was not asked by before."""
    known = set(entry_of(before).said()) if before else set()
    return [said for said in entry_of(after).said() if said not in known]


def new_collisions(bodies: Bodies, entry_id: str, body: Mapping[str, Any]) -> list[Collision]:
    """With what the phrases collide that an entry would have and has not."""
    return collisions({**bodies, entry_id: body}, entry_id, new_phrases(bodies.get(entry_id), body))


def due(bodies: Bodies, today: dt.date) -> list[Due]:
    """What ends or is to be looked at again within `SOON`, or already was, the first first."""
    found = []
    for entry_id, body in bodies.items():
        entry = entry_of(body)
        days = [day for day in (entry.valid_until, entry.review_by) if day and day <= today + SOON]
        if days and is_on(body):
            found.append((min(days), Due(entry_id, entry.valid_until, entry.review_by)))
    return [each for _, each in sorted(found, key=lambda item: (item[0], item[1].entry))]


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The lines of two bodies as files, each with the sign of a diff; an ellipsis stands where lines are left out."""
    old, new = (as_yaml(body).splitlines() if body else [] for body in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[
        3:
    ]  # two names of files, and the first place
    return [(" ", "…") if line.startswith("@@") else (line[:1], line[1:]) for line in lines]


def propose(
    session: Session, entry_id: str, body: Mapping[str, Any], *, note: str, staff: str, now: dt.datetime
) -> None:
    """Propose what an entry shall be, if it is fit."""
    bodies = {**books.entries(session, books.current_version(session) or 0), entry_id: body}
    _must_be_fit(bodies, entry_id, now)
    book_changes.propose(session, entry_id, body, note=note, staff=staff, now=now)


def draft(
    session: Session,
    name: str,
    content: bytes,
    *,
    province: str,
    document: str = "",
    title: str = "",
    staff: str,
    now: dt.datetime,
) -> list[Draft]:
    """
    Draft entries from a manual, for staff to write from.

    `document` is the key of one that `faq/sources.yml` names; any other is cited by `title`, or by its file's name.
    """
    known = document in load_document_provinces()
    book = book_of(books.entries(session, books.current_version(session) or 0))
    stem = PurePath(name).stem
    found = drafts(
        sections(read(name, content)),
        book,
        document=document if known else stem,
        title=None if known else (title.strip() or stem),
        province=province,
        today=now.date(),
    )
    rows = [
        {"place": each.place, "text": each.text, "body": each.body, "nearest": each.nearest} for each in found
    ]
    entry_drafts.keep(session, PurePath(name).name, rows, staff=staff, now=now)
    return found


def publish(
    session: Session, change_ids: Sequence[str], *, note: str, staff: str, now: dt.datetime
) -> tuple[int, list[BookChange]]:
    """Publish changes that are ready and fit."""
    bodies = books.entries(session, books.current_version(session) or 0)
    wanted = [change for change in book_changes.open_ones(session) if change.id in change_ids]
    bodies = book_changes.with_changes(bodies, wanted)
    for change in wanted:
        _must_be_fit(bodies, change.entry_id, now)
    return book_changes.publish(session, change_ids, note=note, staff=staff, now=now)


def _must_be_fit(bodies: Bodies, entry_id: str, now: dt.datetime) -> None:
    if found := grave(faults(bodies, entry_id, now.date())):
        raise EntryUnfit(entry=entry_id, faults=len(found))
