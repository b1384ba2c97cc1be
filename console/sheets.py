"""Tables to take away, as CSV or XLSX, written row by row; no cell of them is ever a formula."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What makes a spreadsheet calculate instead of show, also after spaces and line ends that it skips.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MARK = "\ufeff"  # else Excel takes UTF-8 for something else
CHUNK = 64 * 1024


def answer(kind: str, name: str, rows: Iterable[Sequence[Any]]) -> Response:
    """A file with these rows, the heading first, sent while it is written."""
    body: Iterator[Any] = _csv(rows) if kind == "csv" else _xlsx(rows)
    response = Response(stream_with_context(body), content_type=TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _csv(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield MARK
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(cell) for cell in row])
        yield line.getvalue()


def _xlsx(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_harmless(cell) for cell in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    shown = ILLEGAL_CHARACTERS_RE.sub("", cell)
    return f"'{shown}" if shown.lstrip(" \n").startswith(FORMULA) else shown
