"""
The rows of a CSV or XLSX file, one at a time, every cell as the text that is stored.

A library for workbooks would hand a number over as a float; an amount must never be one. So the XML is read here.
"""

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import digits
from xml.etree import ElementTree

from hrss.errors import FileUnreadable
from hrss.money import number_shown

Row = tuple[int, list[str]]  # the line of the file, counted from 1, and its cells

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_V, _T = f"{_MAIN}v", f"{_MAIN}t"
_LINKED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LARGEST_PART = 1 << 30  # bytes of one part unpacked: 100 000 rows need a twentieth
_MOST_COLUMNS = 100
# What a file that is damaged, encrypted, or packed in a way nobody knows may end with.
_DAMAGED = (
    *(OSError, ValueError, LookupError, RuntimeError, EOFError),
    *(csv.Error, zipfile.BadZipFile, zlib.error, ElementTree.ParseError),
)
_COLUMN = re.compile(r"[A-Z]{1,3}")


def rows(path: Path) -> Iterator[Row]:
    """The rows of the first sheet. Blank ones are left out, their lines are counted."""
    try:
        found = _workbook(path) if zipfile.is_zipfile(path) else _csv(path)
        yield from ((line, cells) for line, cells in found if any(cells))
    except _DAMAGED as error:
        raise FileUnreadable() from error


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding=_encoding(path), newline="") as file:
        reader = csv.reader(file)
        last = 0
        for cells in reader:
            # A quoted cell may hold line breaks: the row is where it begins.
            line, last = last + 1, reader.line_num
            yield line, [cell.strip() for cell in cells]


def _encoding(path: Path) -> str:
    """UTF-8 where it is; else GB 18030, which Excel in China writes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while part := file.read(1 << 20):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8-sig"


def _workbook(path: Path) -> Iterator[Row]:
    with zipfile.ZipFile(path) as book:
        strings = _shared_strings(book)
        for line, row in enumerate(_each(book, _first_sheet(book), "row"), start=1):
            yield int(row.get("r", line)), _cells(row, strings)


def _cells(row: ElementTree.Element, strings: list[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        column = _column(cell.get("r", ""), len(cells))
        cells += [""] * (column - len(cells))
        cells.append(_value(cell, strings).strip())
    return cells


def _column(reference: str, following: int) -> int:
    """`B7` is column 1; empty cells are not stored."""
    letters = reference.rstrip(digits)
    return _numbered(letters) if letters else following


@lru_cache
def _numbered(letters: str) -> int:
    if not _COLUMN.fullmatch(letters):
        raise ValueError("no column")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    if number > _MOST_COLUMNS:
        raise ValueError("too many columns")
    return number - 1


def _value(cell: ElementTree.Element, strings: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell[0]) if len(cell) else ""
    stored = cell.findtext(_V, "")
    if kind == "s":
        return strings[int(stored)]
    if kind == "n" and stored:
        return number_shown(stored)
    return stored


def _shared_strings(book: zipfile.ZipFile) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in book.namelist():
        return []
    return [_text(element) for element in _each(book, name, "si")]


def _text(element: ElementTree.Element) -> str:
    """The text of a string, in one piece or in runs; without the reading aids (rPh) that Excel stores beside it."""
    whole = element.findtext(_T)
    if whole is not None:
        return whole
    return "".join(run.findtext(_T, "") for run in element.findall(f"{_MAIN}r"))


def _first_sheet(book: zipfile.ZipFile) -> str:
    workbook = ElementTree.fromstring(_whole(book, "xl/workbook.xml"))  # noqa: S314  # expat knows the bombs
    first = next(workbook.iter(f"{_MAIN}sheet")).get(_LINKED)
    links = ElementTree.fromstring(_whole(book, "xl/_rels/workbook.xml.rels"))  # noqa: S314
    target = next(link.get("Target", "") for link in links if link.get("Id") == first)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _whole(book: zipfile.ZipFile, name: str) -> bytes:
    _checked(book, name)
    return book.read(name)


def _each(book: zipfile.ZipFile, name: str, tag: str) -> Iterator[ElementTree.Element]:
    """Every element of this kind in a part of the workbook; what was read does not stay in memory."""
    _checked(book, name)
    wanted = f"{_MAIN}{tag}"
    with book.open(name) as part:
        for _, element in ElementTree.iterparse(part):  # noqa: S314
            if element.tag == wanted:
                yield element
                element.clear()


def _checked(book: zipfile.ZipFile, name: str) -> None:
    if book.getinfo(name).file_size > _LARGEST_PART:
        raise ValueError(f"{name} is too large")
