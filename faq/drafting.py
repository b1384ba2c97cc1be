"""
Drafts of entries from the sections of a manual: question, answer, steps, source, ways to ask.

A draft is where a keeper of the book begins, not an answer: it says what the manual says, in the manual's words. It is
edited, and approved by another, like any change.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faq.book import Book
from faq.clean import clean
from faq.encoders import encoder
from faq.manuals import Paragraph, Section, read_words

LONGEST_ANSWER = 420  # characters of answer and steps together, as the lint has it
LONGEST_LEAD = 160
LONGEST_QUESTION = 40
LONG_STEP = 45  # characters of a step that is a matter by itself
SHORTEST = 12  # characters of a section that says something
RELATED = 3

_SAYS = re.compile(
    "[，。：]"
)  # a line without any of them before the first title names the manual, or its office
_SENTENCE = re.compile(r"[^。！？]*[。！？]?")


@dataclass(frozen=True)
class Draft:
    """
    `text` is what the manual says there; `nearest` are entries of the book that speak of the like, with their likeness.

    A draft that is very near to an entry is one that the book has.
    """

    place: str
    title: str
    text: str
    body: dict[str, Any]
    nearest: tuple[tuple[str, float], ...]


def drafts(
    parts: Sequence[Section], book: Book, *, document: str, title: str | None, province: str, today: dt.date
) -> list[Draft]:
    """Draft an entry for each section, and for each paragraph that says what to do in a case of its own."""
    matters = [matter for part in parts for matter in _matters(part)]
    bodies = [_body(matter, document, title, province, today) for matter in matters]
    likeness = _likeness(bodies, book, province)
    found = []
    for matter, body, nearest in zip(matters, bodies, likeness):
        body["related"] = [entry for entry, _ in nearest]
        text = "\n".join(paragraph.text for paragraph in matter.paragraphs)
        found.append(Draft(matter.place, matter.section.title, text, body, nearest))
    return found


@dataclass(frozen=True)
class _Matter:
    """What one draft is about: a section, or the paragraph of it that says what to do in a case."""

    section: Section
    paragraphs: Sequence[Paragraph]
    case: str | None = None

    @property
    def place(self) -> str:
        place = self.section.place
        step = self.paragraphs[0].number if len(self.paragraphs) == 1 else None
        return f"{place}{'' if place[-1:].isdigit() or place.endswith(')') else ' '}{step or ''}".strip()


def _matters(section: Section) -> Iterator[_Matter]:
    paragraphs = (
        section.paragraphs
        if section.title
        else [each for each in section.paragraphs if _SAYS.search(each.text)]
    )
    if sum(len(paragraph.text) for paragraph in paragraphs) < SHORTEST:
        return
    yield _Matter(section, paragraphs)
    for paragraph in paragraphs if len(paragraphs) > 1 else ():
        case = _case(paragraph.text)
        if len(paragraph.text) >= (2 * SHORTEST if case else LONG_STEP) and (case or paragraph.is_step):
            yield _Matter(section, [paragraph], case)


def _body(matter: _Matter, document: str, title: str | None, province: str, today: dt.date) -> dict[str, Any]:
    words = read_words()
    text = "\n".join(paragraph.text for paragraph in matter.paragraphs)
    question, phrases = _asked(matter, text)
    lead, steps = _answered(matter.paragraphs)
    source = {"document": document, "section": matter.place or words["beginning"]}
    about = f"{question}{' '.join((*matter.section.above, matter.section.title))}"
    spoken = [whose for whose, said in words["audiences"].items() if re.search(said, about)]  # type: ignore[attr-defined]
    body: dict[str, Any] = {
        "province": province,
        "audience": spoken[0] if len(spoken) == 1 else "both",
        "question": question,
        "answer": lead,
        "steps": steps,
        "source": [{**source, "title": title} if title else source],
        "valid_from": today.isoformat(),
        "phrases": phrases,
    }
    return {name: value for name, value in body.items() if value not in ("", [], {})}


def _asked(matter: _Matter, text: str) -> tuple[str, dict[str, list[str]]]:
    """Return the question that a matter answers, and other ways to ask it."""
    words: Any = read_words()
    title = _full_title(matter.section)
    messages = [found["message"] for found in re.finditer(words["message"], text)]
    if matter.case:
        question = words["condition_question"].format(case=matter.case)
    elif not title or matter.paragraphs != matter.section.paragraphs:
        first = re.split("[，。；：]", matter.paragraphs[0].text)[0]
        question = _question(first[:LONGEST_QUESTION], words)
    else:
        question = _question(title, words)
    plain = [each.format(title=title) for each in words["phrases"]] if title and not matter.case else []
    if messages:
        plain.append(words["message_question"].format(message=messages[0]))
    phrases = {"plain": [each for each in dict.fromkeys(plain) if each != question]}
    if messages:
        phrases["paste"] = list(dict.fromkeys(messages))
    return question, {voice: said for voice, said in phrases.items() if said}


def _question(title: str, words: Any) -> str:
    shape = next(shape for said, shape in words["questions"] if re.search(said, title))
    return str(shape.format(title=title.rstrip("？?")))


def _full_title(section: Section) -> str:
    """Return the title with what stands above it, where it says nothing alone."""
    title = section.title
    for above in reversed(section.above):
        if title and title not in read_words()["empty"] and len(title) > 3:
            break
        title = f"{above}{title}"
    return title


def _case(text: str) -> str | None:
    found = re.match(read_words()["conditions"], text)  # type: ignore[arg-type]
    return found["case"] if found else None


def _answered(paragraphs: Sequence[Paragraph]) -> tuple[str, list[str]]:
    """Return the lead and the steps of an answer, as long as an answer may be."""
    leads = [each.text for each in paragraphs if not each.is_step]
    steps = [each.text for each in paragraphs if each.is_step]
    sentences = [found for text in leads for found in _SENTENCE.findall(text) if found.strip()]
    lead = ""
    while sentences and (not lead or len(lead) + len(sentences[0]) <= LONGEST_LEAD):
        lead += sentences.pop(0).strip()
    steps = steps or [each.strip() for each in sentences]
    if not lead:
        lead = steps.pop(0) if len(steps) == 1 else read_words()["lead"]
    kept, length = [], len(lead)
    for step in steps:
        length += len(step) + 4
        if length > LONGEST_ANSWER:
            break
        kept.append(step)
    return lead[:LONGEST_ANSWER], kept


def _likeness(
    bodies: Sequence[dict[str, Any]], book: Book, province: str
) -> list[tuple[tuple[str, float], ...]]:
    """Return for each draft the entries of the province whose question or answer is nearest in meaning."""
    entries = [entry for entry in book if entry.province == province]
    if not entries or not bodies:
        return [()] * len(bodies)
    encode = encoder("universal").encode
    known = np.maximum(
        encode([clean(_question_of(body)) for body in bodies])
        @ encode([clean(entry.question) for entry in entries]).T,
        encode([clean(_answer_of(body)) for body in bodies])
        @ encode([clean(book.answer(entry.id).text) for entry in entries]).T,
    )
    return [
        tuple(
            (entries[place].id, round(float(row[place]), 2))
            for place in np.argsort(row)[::-1][:RELATED].tolist()
        )
        for row in known
    ]


def _question_of(body: dict[str, Any]) -> str:
    return str(body["question"])


def _answer_of(body: dict[str, Any]) -> str:
    return "".join([body.get("answer", ""), *body.get("steps", [])]) or str(body["question"])
