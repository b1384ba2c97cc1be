"""The book: entries as they are written, and the answer as a person reads it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ENTRIES = HERE / "entries"


@dataclass(frozen=True)
class Condition:
    """A fact on which answers depend: how to ask for it, the label of each value, and how people state it."""

    question: str
    labels: Mapping[Any, str]
    said: Mapping[Any, re.Pattern[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """The part of an answer that holds only under `when`."""

    when: Mapping[str, Any]
    answer: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Citation:
    """A document and its section; `title` is that of a document which `faq/sources.yml` does not name."""

    document: str
    section: str
    title: str | None = None


@dataclass(frozen=True)
class Entry:
    """
    One question of the book with its answer; the format is `docs/book.md`.

    `phrases` maps a voice to the ways people of that voice ask it.
    """

    id: str
    province: str
    audience: str
    subject: str
    question: str
    answer: str
    source: tuple[Citation, ...]
    owner: str
    valid_from: dt.date
    valid_until: dt.date | None = None
    review_by: dt.date | None = None  # when somebody wants to have looked at it again
    when: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    note: str = ""
    related: tuple[str, ...] = ()
    flow: str | None = None
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Entry:
        """Build an entry from its YAML or JSON form; raise `TypeError` or `ValueError` when it has another shape."""
        fields = dict(body)
        for key in ("steps", "related"):
            fields[key] = tuple(fields.get(key) or ())
        fields["source"] = tuple(Citation(**item) for item in fields.get("source") or ())
        fields["cases"] = tuple(
            Case(**{**item, "steps": tuple(item.get("steps") or ())}) for item in fields.get("cases") or ()
        )
        fields["phrases"] = {voice: tuple(said) for voice, said in (fields.get("phrases") or {}).items()}
        for key in ("valid_from", "valid_until", "review_by"):
            if isinstance(fields.get(key), str):
                fields[key] = dt.date.fromisoformat(fields[key])
        for key in ("question", "answer", "note"):
            if isinstance(fields.get(key), str):
                fields[key] = fields[key].strip()
        return cls(**fields)

    def is_valid_on(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def said(self) -> Iterator[str]:
        """Yield the question and every phrase."""
        yield self.question
        for phrases in self.phrases.values():
            yield from phrases


@dataclass(frozen=True)
class Answer:
    """
    What a person is shown for an entry.

    `text` is complete in itself, for channels that show nothing but text; the other fields are its parts,
    for those that show more.
    """

    lead: str
    steps: tuple[str, ...]
    cases: tuple[tuple[str, str, tuple[str, ...]], ...]
    note: str

    @property
    def text(self) -> str:
        lines = [self.lead, *numbered(self.steps)]
        for label, answer, steps in self.cases:
            lines.append(f"{label}：{answer}" if answer else f"{label}：")
            lines.extend(numbered(steps))
        return "\n".join(line for line in [*lines, self.note] if line)


def numbered(steps: tuple[str, ...]) -> list[str]:
    return [f"{number}. {step}" for number, step in enumerate(steps, start=1)]


class Book:
    """The entries of one version, with what they refer to."""

    def __init__(self, entries: Mapping[str, Entry], version: int | None = None) -> None:
        self.entries = dict(entries)
        self.version = version

    def __getitem__(self, entry_id: str) -> Entry:
        return self.entries[entry_id]

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self.entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def digest(self) -> str:
        """Identify the book by what can be asked of it: the same questions, phrases and provinces, the same digest."""
        asked = [(entry.id, entry.province, sorted(entry.said())) for entry in self]
        return hashlib.sha256(json.dumps(sorted(asked), ensure_ascii=False).encode()).hexdigest()[:16]

    def fitting(self, entry_id: str, facts: Mapping[str, Any]) -> str:
        """Return the entry, or the one of its subject and province that the facts fit better than they fit it."""
        entry = self[entry_id]
        if all(facts.get(fact, value) == value for fact, value in entry.when.items()):
            return entry_id
        for other in self:
            same = (other.province, other.subject) == (entry.province, entry.subject)
            if same and other.when and all(facts.get(fact) == value for fact, value in other.when.items()):
                return other.id
        return entry_id

    def answer(self, entry_id: str, facts: Mapping[str, Any] | None = None) -> Answer:
        """Render an entry; of its cases only those that `facts` leave open."""
        entry, known = self[entry_id], facts or {}
        conditions = load_conditions()
        cases = [case for case in entry.cases if all(known.get(k, v) == v for k, v in case.when.items())]
        return Answer(
            lead=entry.answer,
            steps=entry.steps,
            cases=tuple((label(case.when, conditions), case.answer.strip(), case.steps) for case in cases),
            note=entry.note,
        )

    def source(self, entry_id: str) -> str:
        """Say where an answer comes from, as shown under it: "《…》2.1、6；《…》3"."""
        sections: dict[str, list[str]] = {}
        for citation in self[entry_id].source:
            title = load_sources().get(citation.document) or citation.title or citation.document
            sections.setdefault(title, []).append(citation.section)
        return "；".join(f"《{title}》{'、'.join(found)}" for title, found in sections.items())

    def number(self, entry_id: str) -> str:
        """Return the number by which a person can cite exactly this answer: the entry and the book's version."""
        return f"{entry_id}@{self.version or 0}"

    def valid_on(self, day: dt.date) -> Book:
        """Return the book without the entries that do not hold on that day."""
        return Book({entry.id: entry for entry in self if entry.is_valid_on(day)}, self.version)


def label(when: Mapping[str, Any], conditions: Mapping[str, Condition]) -> str:
    return "、".join(conditions[fact].labels[value] for fact, value in when.items())


def read_yaml(path: Path) -> Any:
    # libyaml's safe loader where it is there: the book is long
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506


@cache
def load_conditions() -> dict[str, Condition]:
    return {
        fact: Condition(
            question=body["question"],
            labels={value["value"]: value["label"] for value in body["values"]},
            said={value["value"]: re.compile(value["said"]) for value in body["values"] if "said" in value},
        )
        for fact, body in read_yaml(HERE / "conditions.yml").items()
    }


def stated_facts(cleaned: str) -> dict[str, Any]:
    """Return the facts that a cleaned text states outright: "没有uk" is `{"usb_key": False}`."""
    stated = {}
    for fact, condition in load_conditions().items():
        values = [value for value, pattern in condition.said.items() if pattern.search(cleaned)]
        if len(values) == 1:
            stated[fact] = values[0]
    return stated


@cache
def load_sources() -> dict[str, str]:
    """Return the title of every document that entries cite."""
    return {document: body["title"] for document, body in read_yaml(HERE / "sources.yml").items()}


@cache
def load_flows() -> dict[str, str]:
    """Return the button label of every flow that an entry may lead to."""
    flows: dict[str, str] = read_yaml(HERE / "flows.yml")
    return flows


def load_files(folder: Path = ENTRIES) -> Book:
    """Read the shipped book; a file that is no entry raises `ValueError` with its name."""
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            entry = Entry.from_body(read_yaml(path))
        except (TypeError, ValueError, yaml.YAMLError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        entries[entry.id] = entry
    return Book(entries)
