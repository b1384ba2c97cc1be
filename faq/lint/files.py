"""The files themselves: readable, named after their entry, with the fields of an entry and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from faq.book import Book, Case, Citation, Entry, read_yaml
from faq.lint.finding import Finding

ON = "on"  # a switched-off entry says `on: false`; the books of the database know it, an entry does not


def read(folder: Path) -> tuple[Book, list[Finding]]:
    """Return the book of the files that are entries, and what is wrong with the files."""
    entries: dict[str, Entry] = {}
    found: list[Finding] = []
    for path in sorted(folder.glob("*.yml")):
        wrong, entry = _read_one(path)
        found += wrong
        if entry:
            entries[entry.id] = entry
    return Book(entries), found


def _read_one(path: Path) -> tuple[list[Finding], Entry | None]:
    try:
        body = read_yaml(path)
    except yaml.YAMLError as error:
        return [Finding(path.name, "unreadable", str(error))], None
    if not isinstance(body, dict):
        return [Finding(path.name, "unreadable", "is not a mapping of fields")], None
    found = list(_wrong_fields(path.name, body))
    if found:
        return found, None
    if path.stem != body["id"]:
        found.append(Finding(path.name, "file_name", f"holds the entry {body['id']}"))
    try:
        return found, Entry.from_body({key: value for key, value in body.items() if key != ON})
    except (TypeError, ValueError, AttributeError) as error:
        return [*found, Finding(path.name, "unreadable", str(error))], None


def _wrong_fields(file: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _wrong_names(file, "", body, Entry, extra=(ON,))
    for part, kind in (("source", Citation), ("cases", Case)):
        for number, item in enumerate(body.get(part) or (), start=1):
            yield from _wrong_names(file, f"{part} {number}: ", item, kind)


def _wrong_names(
    file: str, where: str, body: Mapping[str, Any], kind: type, extra: Iterable[str] = ()
) -> Iterator[Finding]:
    known = {field.name for field in fields(kind)}
    required = {
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    }
    for name in sorted(set(body) - known - set(extra), key=str):
        yield Finding(file, "unknown_field", f"{where}{name}")
    for name in sorted(required):
        if not body.get(name):
            yield Finding(file, f"no_{name}", f"{where}{name} is missing")
