"""Each entry by itself: what it refers to, how long it holds, and how its answer reads."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache

import zhconv

from faq.book import HERE, Book, Entry, load_flows, read_yaml
from faq.lint.finding import Finding
from faq.places import SERVED

AUDIENCES = ("person", "org", "both")
SHORTEST, LONGEST = 40, 420  # characters of a rendered answer
HOSTS = {
    "ggfw.hrss.gd.gov.cn": "gd",
    "www.gdzwfw.gov.cn": "gd",
    "siwsfw.hrss.henan.gov.cn": "hn",
    "ggfw.hnylbx.com": "hn",
}

_ADDRESS = re.compile(r"https?://\s*([\w.-]+)", re.ASCII)
_MARKDOWN = re.compile(r"\*\*|__|`|\[[^\]\n]+\]\([^)\n]+\)|^\s*(#{1,6}|[-*+>])\s", re.MULTILINE)


def file_of(entry_id: str) -> str:
    return f"{entry_id}.yml"


def check(book: Book, today: dt.date) -> Iterator[Finding]:
    for entry in book:
        file = file_of(entry.id)
        for key, text in (*_references(book, entry), *_validity(entry, today), *_wording(book, entry)):
            yield Finding(file, key, text)


def _references(book: Book, entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.province not in SERVED:
        yield "unknown_province", str(entry.province)
    if entry.audience not in AUDIENCES:
        yield "unknown_audience", str(entry.audience)
    if entry.owner not in load_owners():
        yield "unknown_owner", str(entry.owner)
    if entry.flow is not None and entry.flow not in load_flows():
        yield "unknown_flow", entry.flow
    for related in entry.related:
        if related not in book:
            yield "unknown_related", related
        elif related == entry.id or book[related].province != entry.province:
            yield "unfit_related", related
    if not entry.source:
        yield "no_source", "cites no document"
    for citation in entry.source:
        yield from wrong_citation(citation.document, citation.section, entry.province, citation.title)


def wrong_citation(
    document: str, section: str, province: str, title: str | None = None
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with citing that section for something that holds in that province."""
    if document not in load_document_provinces():
        if not title:
            yield "unknown_document", document
    elif load_document_provinces()[document] != province:
        yield "source_of_other_province", f"{document} speaks of another province"
    if not section:
        yield "no_section", f"cites {document} without a section"


def _validity(entry: Entry, today: dt.date) -> Iterator[tuple[str, str]]:
    if entry.valid_until is None:
        return
    if entry.valid_until < entry.valid_from:
        yield "never_valid", f"ends {entry.valid_until}, before it begins {entry.valid_from}"
    elif entry.valid_until < today:
        yield "expired", f"ended {entry.valid_until}"


def _wording(book: Book, entry: Entry) -> Iterator[tuple[str, str]]:
    text = rendered(book, entry)
    if not SHORTEST <= len(text) <= LONGEST:
        yield "answer_length", f"{len(text)} characters, not {SHORTEST} to {LONGEST}"
    yield from wrong_addresses(text, entry.province)
    markdown = _MARKDOWN.search(text)
    if markdown:
        yield "markdown", markdown.group()
    for said in (entry.question, text):
        simplified = zhconv.convert(said, "zh-hans")
        if simplified != said:
            odd = "".join(char for char, plain in zip(said, simplified, strict=True) if char != plain)
            yield "not_simplified", odd


def wrong_addresses(text: str, province: str) -> Iterator[tuple[str, str]]:
    for host in _ADDRESS.findall(text):
        if host not in HOSTS:
            yield "unknown_address", host
        elif HOSTS[host] != province:
            yield "address_of_other_province", host


def rendered(book: Book, entry: Entry) -> str:
    """Return the answer as people read it, or its bare sentences where a case has no label."""
    try:
        return book.answer(entry.id).text
    except KeyError:
        return written(entry)


def written(entry: Entry) -> str:
    """Return all sentences of the answer, each on its line, without numbers and labels."""
    lines = [entry.answer, *entry.steps]
    for case in entry.cases:
        lines += [case.answer, *case.steps]
    return "\n".join(line for line in [*lines, entry.note] if line)


@cache
def load_owners() -> frozenset[str]:
    return frozenset(read_yaml(HERE / "owners.yml"))


@cache
def load_document_provinces() -> dict[str, str]:
    return {document: body["province"] for document, body in read_yaml(HERE / "sources.yml").items()}
