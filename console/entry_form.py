"""An entry as a form has it: read from what was typed, and what the form offers to choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import abort
from werkzeug.datastructures import MultiDict

from faq.book import load_conditions, load_flows, load_sources
from faq.lint.entries import AUDIENCES, load_owners
from faq.lint.phrases import PASTE, VOICES
from faq.places import SERVED

CASES, SOURCES = 4, 4  # boxes for as many; an entry with more keeps what it has, and one more box
TEXTS = ("subject", "question", "answer", "note", "owner", "flow")
DAYS = ("valid_from", "valid_until", "review_by")


def choices(body: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to choose from; documents that only this entry cites are among them."""
    own = {each["document"]: each.get("title") or each["document"] for each in body.get("source") or ()}
    return {
        "provinces": SERVED,
        "audiences": AUDIENCES,
        "owners": sorted(load_owners()),
        "flow_names": load_flows(),
        "documents": {**own, **load_sources()},
        "voices": (*VOICES, PASTE),
        "facts": _conditions(),
    }


def _conditions() -> dict[str, str]:
    return {
        json.dumps({fact: value}): f"{condition.question} {label}"
        for fact, condition in load_conditions().items()
        for value, label in condition.labels.items()
    }


def boxes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The cases and sources with empty ones after them, and conditions as the form names them."""
    cases = [{**case, "when": json.dumps(case["when"])} for case in body.get("cases") or ()]
    sources = list(body.get("source") or ())
    return {
        "cases": cases + [{}] * max(1, CASES - len(cases)),
        "sources": sources + [{}] * max(1, SOURCES - len(sources)),
        "when": json.dumps(body["when"]) if body.get("when") else "",
    }


def read(form: MultiDict[str, str], base: Mapping[str, Any] | None, entry_id: str) -> dict[str, Any]:
    """The body that a form holds; what it shows nothing of stays as it is in `base`."""
    old = base or {}
    given: dict[str, Any] = {"id": entry_id}
    for name in ("province", "audience"):
        given[name] = form.get(name, "")
    for name in TEXTS:
        given[name] = _text(form.get(name, ""))
    for name in DAYS:
        given[name] = _day(form.get(name, ""))
    given["steps"], given["related"] = _lines(form.get("steps", "")), _lines(form.get("related", ""))
    given["when"] = _facts(form.get("when", ""))
    given["cases"] = _cases(form)
    titles = dict(zip(form.getlist("document-named"), form.getlist("document-title")))
    given["source"] = [
        _citation(document, section.strip(), titles.get(document, ""))
        for document, section in zip(form.getlist("document"), form.getlist("section"))
        if document
    ]
    given["phrases"] = {
        voice: said for voice in (*VOICES, PASTE) if (said := _lines(form.get(f"phrases-{voice}", "")))
    }
    given["on"] = None if form.get("on") else False
    body = {**old, **given}
    # What says the same but for blanks is the same, or every look would be a change.
    for name in TEXTS:
        if isinstance(old.get(name), str) and _text(old[name]) == given[name]:
            body[name] = old[name]
    if old.get("on") is True and form.get("on"):
        body["on"] = True
    return {name: value for name, value in body.items() if value not in (None, "", [], {})}


def _citation(document: str, section: str, title: str) -> dict[str, str]:
    citation = {"document": document, "section": section}
    return {**citation, "title": title} if title and document not in load_sources() else citation


def _cases(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    found = []
    for when, answer, steps in zip(
        form.getlist("case-when"), form.getlist("case-answer"), form.getlist("case-steps")
    ):
        if facts := _facts(when):
            case = {"when": facts, "answer": _text(answer), "steps": _lines(steps)}
            found.append({name: value for name, value in case.items() if value})
    return found


def _facts(text: str) -> dict[str, Any]:
    """A fact that the form offered; anything else is a bad request."""
    if not text:
        return {}
    if text not in _conditions():
        abort(400)
    facts: dict[str, Any] = json.loads(text)
    return facts


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        abort(400)


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
