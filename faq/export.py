"""Entries written back to files, in the one form that the shipped files have: exporting what was shipped changes none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ORDER = (
    *("id", "on", "province", "audience", "subject", "question", "when", "answer", "steps", "cases", "note"),
    *("source", "owner", "valid_from", "valid_until", "review_by", "related", "flow", "phrases"),
)


def export(bodies: Mapping[str, Mapping[str, Any]], folder: Path) -> int:
    """Write one file an entry; files of entries that the book no longer has are left to whoever reads the diff."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry_id, body in bodies.items():
        (folder / f"{entry_id}.yml").write_text(as_yaml(body), encoding="utf-8")
    return len(bodies)


def as_yaml(body: Mapping[str, Any]) -> str:
    fields = {key: _shaped(key, body[key]) for key in sorted(body, key=ORDER.index) if body[key] is not None}
    return yaml.dump(fields, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=float("inf"))


class _Line(dict[str, Any]):
    """A mapping written on one line."""


class _Row(list[str]):
    """A list written on one line."""


class _Quoted(str):
    """Text written in quotes, so that no reader takes 001 for a number."""


def _shaped(key: str, value: Any) -> Any:
    if key in ("valid_from", "valid_until", "review_by") and isinstance(value, str):
        return dt.date.fromisoformat(value)  # the database keeps dates as text
    if key == "when":
        return _Line(value)
    if key == "related":
        return _Row(value)
    if key == "source":
        parts = ("document", "section", "title")
        return [_Line({part: _Quoted(item[part]) for part in parts if item.get(part)}) for item in value]
    if key == "cases":
        return [{part: _shaped(part, case[part]) for part in sorted(case, key=ORDER.index)} for case in value]
    if key == "phrases":
        return dict(value)
    return value


class _Writer(yaml.SafeDumper):
    """Indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Writer.add_representer(
    _Line, lambda writer, line: writer.represent_mapping("tag:yaml.org,2002:map", line, True)
)
_Writer.add_representer(
    _Row, lambda writer, row: writer.represent_sequence("tag:yaml.org,2002:seq", row, True)
)
_Writer.add_representer(
    _Quoted, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
)
