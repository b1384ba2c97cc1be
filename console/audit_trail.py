"""The audit trail: who saw or changed what; to filter, to read, to take away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, url_for

from console import moments, sheets
from console.access import needs
from console.records import database, me, now
from hrss import audit, audit_search
from hrss.audit_search import Wanted
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind

PAGE_LENGTH = 50
MOST_EXPORTED = 100_000
PARTS = {
    "since": moments.since,
    "until": moments.until,
    "staff": str,
    "did": str,
    "subject": SubjectKind,
    "about": str,
}
LONGEST_ID = 12

pages = Blueprint("audit_trail", __name__, url_prefix="/audit")


@pages.get("")
@needs(May.READ_AUDIT)
def index() -> str:
    chosen = _chosen(request.args)
    before = request.args.get("before", "")
    if before and (not before.isdecimal() or len(before) > LONGEST_ID):
        abort(400)
    with database().reading() as records:
        rows, older = audit_search.page(
            records, _wanted(chosen), int(before) if before else None, PAGE_LENGTH
        )
        deeds = audit_search.deeds(records)
    return render_template(
        "audit.html",
        rows=rows,
        deeds=deeds,
        subjects=list(SubjectKind),
        chosen=chosen,
        newest=url_for(".index", **chosen) if before else None,
        older=url_for(".index", **chosen, before=older) if older else None,
    )


@pages.get("/export.<kind>")
@needs(May.READ_AUDIT)
def export(kind: str) -> Response:
    if kind not in sheets.TYPES:
        abort(404)
    chosen = _chosen(request.args)
    wanted = _wanted(chosen)
    with database().transaction() as records:
        whose = Subject(SubjectKind.STAFF, me())
        audit.record(
            records, "audit.exported", whose, now=now(), staff=me(), kind=kind, filter=urlencode(chosen)
        )
    headings = render_template("audit.txt").strip().split(",")

    def rows() -> Iterator[list[Any]]:
        yield headings
        with database().reading() as records:
            for each in audit_search.every(records, wanted, MOST_EXPORTED):
                yield [
                    each.id,
                    moments.beijing(each.at, "%Y-%m-%d %H:%M:%S"),
                    each.staff or "",
                    each.did,
                    each.subject_kind,
                    each.subject_id,
                    each.channel or "",
                    json.dumps(each.facts, ensure_ascii=False) if each.facts else "",
                ]

    return sheets.answer(kind, f"audit-{now():%Y%m%d-%H%M}", rows())


def _chosen(arguments: Mapping[str, str]) -> dict[str, Any]:
    given = {name: arguments.get(name, "").strip()[:100] for name in PARTS}
    return {name: value for name, value in given.items() if value}


def _wanted(chosen: Mapping[str, str]) -> Wanted:
    try:
        return Wanted(**{name: PARTS[name](value) for name, value in chosen.items()})  # type: ignore[operator]
    except ValueError:
        abort(400)
