"""
How much of the book drafts from its own manuals would have covered: `python -m benchmarks.drafts 000=FILE 001=FILE …`.

An entry counts as covered when a draft comes from a section that the entry cites and the entry is among the three of
the book that are nearest to that draft.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from faq import drafting, manuals
from faq.book import load_files
from faq.drafting import Draft
from faq.lint.entries import load_document_provinces
from hrss import workdays

_NUMBER = re.compile(r"[\d一二三四五六七八九十().]+")


def main(arguments: list[str]) -> None:
    book = load_files()
    drafts: dict[str, list[Draft]] = {}
    for argument in arguments:
        document, name = argument.split("=", 1)
        parts = manuals.sections(manuals.read(name, Path(name).read_bytes()))
        drafts[document] = drafting.drafts(
            parts,
            book,
            document=document,
            title=None,
            province=load_document_provinces()[document],
            today=workdays.today(),
        )
    cited, near, both = set(), set(), set()
    for entry in book:
        for citation in entry.source:
            for draft in drafts.get(citation.document, ()):
                is_near = entry.id in [found for found, _ in draft.nearest]
                is_cited = _is_place(draft, citation.section)
                cited |= {entry.id} if is_cited else set()
                near |= {entry.id} if is_near else set()
                both |= {entry.id} if is_cited and is_near else set()
    for document, found in drafts.items():
        print(f"{document}: {len(found)} drafts")
    for what, entries in (("from a cited section", cited), ("near the entry", near), ("both", both)):
        print(f"{what}: {len(entries)} of {len(book)}, {len(entries) / len(book):.1%}")
    print("not covered:", *sorted(set(book.entries) - both))


def _is_place(draft: Draft, section: str) -> bool:
    """Whether a citation means the place of a draft, or what it lies in; citations name titles in their own way."""
    if section.startswith("开头") or not draft.place:
        return not _NUMBER.match(draft.place)
    numbers = [found.group() if (found := _NUMBER.match(text)) else "" for text in (draft.place, section)]
    inside = numbers[0].startswith(numbers[1]) or numbers[1].startswith(numbers[0])
    has_title = not numbers[1] or bool(section[len(numbers[1]) :].strip())
    return inside and (not has_title or draft.title in section or not draft.title)


if __name__ == "__main__":
    main(sys.argv[1:])
