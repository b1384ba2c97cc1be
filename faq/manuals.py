"""
Manuals as agencies write them (Word, PDF, plain text), cut into sections by their titles.

Few manuals use the styles of their word processor, so a title is known by its number, its length and that something
stands below it; "1." begins a title here and a step there.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from typing import Any, NamedTuple

import docx
from docx.document import Document
from docx.table import Table

from faq.book import HERE, read_yaml
from hrss import pdfs
from hrss.errors import ManualUnreadable

LARGEST = 20 * 1024 * 1024  # bytes of a file
LARGEST_UNPACKED = 10 * LARGEST  # of a Word file, which is an archive
FIRST = ("1", "一")  # the number that begins a list
BARE = "bare"  # the kind of a title without a number
LONGEST_TITLE = 30
LONGEST_BARE_TITLE = 20  # one without a number

_LEFTOVER = re.compile(r"\[(bookmark|image)[^\]]*\]")  # what converters leave of pictures and marks
_PICTURES = re.compile(r"image\d+\.\w{3,4}$")
_NUMBERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("chapter", re.compile(r"第([一二三四五六七八九十]+)[章节部]分?[\s、：]*")),
    ("chinese", re.compile(r"([一二三四五六七八九十]+)、\s*")),
    ("bracketed", re.compile(r"[（(]([一二三四五六七八九十]+)[)）]\s*")),
    ("dotted", re.compile(r"(\d{1,2}(?:[.．]\d{1,2})+)[.．、]?\s*(?=[^\d\s.．)）])")),
    ("dotted", re.compile(r"(\d{1,2})(?:[.．、]\s*|\s+|(?=[^\d\s.．)）年月日个天次]))")),
)
_ITEM = re.compile(r"(?:[（(]?\d{1,2}[)）]|[①-⑳·•●▪■–-])\s*")
_PUNCTUATION = re.compile(r"[，。；！？,;]|：.|https?:")
_ENDED = re.compile(r"[。；：！？:;!?”）)】]$")
_PAGE_NUMBER = re.compile(r"[-—\s]*(第\s*)?\d{1,3}(\s*页)?[-—\s]*$")


class Line(NamedTuple):
    """A paragraph; `level` is that of a heading where the file says so."""

    text: str
    level: int | None = None


class Paragraph(NamedTuple):
    """A paragraph without its number, which says that it is a step; a bullet counts as an empty number."""

    text: str
    number: str | None = None

    @property
    def is_step(self) -> bool:
        return self.number is not None


@dataclass
class Section:
    """What stands below one title. `place` names it as a citation does: "5.2", "一(三)1", "2 确认绑定申请"."""

    place: str
    title: str
    above: tuple[str, ...] = ()  # the titles over it, the highest first
    paragraphs: list[Paragraph] = field(default_factory=list)


def read(name: str, content: bytes) -> list[Line]:
    """Return the paragraphs of a manual; what kind of file it is, its name says."""
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None or len(content) > LARGEST:
        raise ManualUnreadable(name)
    try:
        lines = [Line(_bare(line.text), line.level) for line in reader(content)]
    except Exception as error:  # whatever the libraries raise for a file that is damaged or of another kind
        raise ManualUnreadable(name) from error
    lines = [line for line in lines if line.text]
    if not lines:
        raise ManualUnreadable(name)
    return lines


def sections(lines: Sequence[Line]) -> list[Section]:
    """Cut a manual at its titles; what stands before the first is a section, too."""
    found = [Section("", "")]
    above: list[tuple[str, str, str]] = []  # kind, number, title of each title over the current place
    for place, line in enumerate(lines):
        if _PICTURES.match(line.text):
            break  # what follows was read from pictures by a machine
        title = _title(lines, place)
        if title is None:
            found[-1].paragraphs.append(_paragraph(line.text))
            continue
        _go_up(above, title)
        above.append(title)
        found.append(Section(_place(above), title[2], tuple(each for _, _, each in above[:-1])))
    return [section for section in found if section.paragraphs]


def _paragraph(text: str) -> Paragraph:
    if item := _ITEM.match(text):
        return Paragraph(text[item.end() :], re.sub(r"\D", "", item.group()))
    numbered = _numbered(text)
    return Paragraph(numbered[2], numbered[1]) if numbered else Paragraph(text)


def _go_up(above: list[tuple[str, str, str]], title: tuple[str, str, str]) -> None:
    """Leave the titles that stand no higher than this one; those without a number stand lower than all that have one."""
    kind, _, words = title
    while above and above[-1][0] == BARE and not (kind == BARE and words in read_words()["empty"]):
        above.pop()
    if kind == BARE and len(above) > 1 and above[-1][2] in read_words()["empty"]:
        above.pop()
    kinds = [each for each, _, _ in above]
    if kind != BARE and kind in kinds:
        del above[kinds.index(kind) :]


def _title(lines: Sequence[Line], place: int) -> tuple[str, str, str] | None:
    """Return kind, number and words of a title; None for what is none."""
    line = lines[place]
    numbered = _numbered(line.text)
    if line.level is not None:
        _, number, words = numbered or ("", "", line.text)
        return f"heading {line.level}", number, words
    following = lines[place + 1].text if place + 1 < len(lines) else ""
    words = numbered[2] if numbered else line.text
    if not words or _PUNCTUATION.search(words) or _says_what_to_do(words):
        return None
    if numbered:
        sibling = _numbered(following)
        goes_on = sibling is not None and sibling[0] == numbered[0] and sibling[1] not in FIRST
        has_text_below = bool(following) and not goes_on
        return numbered if len(words) <= LONGEST_TITLE and has_text_below else None
    words = words.rstrip("：:")
    is_over_text = len(following) > len(words) or _ITEM.match(following) or _numbered(following)
    if len(words) <= LONGEST_BARE_TITLE and is_over_text and not _ITEM.match(line.text):
        return BARE, "", words
    return None


def _numbered(text: str) -> tuple[str, str, str] | None:
    for kind, pattern in _NUMBERS:
        if found := pattern.match(text):
            number = found[1]
            depth = len(re.split("[.．]", number)) if kind == "dotted" else ""
            return f"{kind}{depth}", number, text[found.end() :].strip().rstrip("：:")
    return None


def _says_what_to_do(text: str) -> bool:
    return any(text.startswith(verb) for verb in read_words()["does"]) or "【" in text


@cache
def read_words() -> dict[str, Any]:
    words: dict[str, Any] = read_yaml(HERE / "manuals.yml")
    return words


def _place(above: Iterable[tuple[str, str, str]]) -> str:
    """Name a place by the numbers that lead to it, and by its title where it has no number."""
    numbers = ""
    title = ""
    for kind, number, words in above:
        if kind.startswith("bracketed"):
            numbers += f"({number})"
        elif number and "." in number.replace("．", "."):
            numbers = number.replace("．", ".")  # names its parents, too
        else:
            numbers += number
        title = "" if number else words
    return f"{numbers} {title}".strip()


def _bare(text: str) -> str:
    return re.sub(r"\s+", " ", _LEFTOVER.sub("", text).replace("\u3000", " ")).strip()


def _word(content: bytes) -> Iterator[Line]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > LARGEST_UNPACKED:
            raise ValueError("too much is packed in it")
    document: Document = docx.Document(io.BytesIO(content))
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                yield Line(" ".join(dict.fromkeys(_bare(cell.text) for cell in row.cells)))
            continue
        style = (part.style.name if part.style is not None else "") or ""
        level = re.fullmatch(r"(?:[Hh]eading|标题)\s*(\d)", style)
        yield from (Line(text, int(level[1]) if level else None) for text in part.text.split("\n"))


def _pdf(content: bytes) -> Iterator[Line]:
    """Return the paragraphs of a PDF, whose lines end where the paper does."""
    lines = [
        line.strip()
        for page in pdfs.told(content)
        for line in page.splitlines()
        if not _PAGE_NUMBER.fullmatch(line.strip())
    ]
    width = max(map(len, lines), default=0)
    paragraph = ""
    for line in filter(None, lines):
        starts = _numbered(line) is not None or _ITEM.match(line)
        if paragraph and (
            starts or _ENDED.search(paragraph) or len(paragraph.splitlines()[-1]) < 0.8 * width
        ):
            yield Line(paragraph.replace("\n", ""))
            paragraph = ""
        paragraph = f"{paragraph}\n{line}" if paragraph else line
    yield Line(paragraph.replace("\n", ""))


def _text(content: bytes) -> Iterator[Line]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    if "\x00" in text:
        raise ValueError("no text")
    return (Line(line) for line in text.splitlines())


_READERS: dict[str, Callable[[bytes], Iterator[Line]]] = {".docx": _word, ".pdf": _pdf, ".txt": _text}
KINDS = tuple(_READERS)
