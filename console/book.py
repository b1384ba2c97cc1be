"""The book: read, searched, changed, approved, published, rolled back."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console import entry_form, trying
from console.access import needs
from console.records import database, me, now, today
from console.sentences import refusal
from faq import desk, shelf
from faq.export import as_yaml
from hrss import book_changes, books, drafts, trials
from hrss.errors import Refusal
from hrss.permissions import May
from hrss.tables import EntryDraft

STATES = ("", "on", "off", "due", "changed")
ENTRY_ID = re.compile(r"(gd|hn)(\.[a-zA-Z0-9_]{1,40}){1,3}")

pages = Blueprint("book", __name__, url_prefix="/book")


@pages.get("")
@needs(May.READ_BOOK)
def index() -> str:
    words, province, state = (request.args.get(name, "").strip()[:100] for name in ("q", "province", "state"))
    if state not in STATES:
        abort(400)
    with database().reading() as records:
        version = books.current_version(records)
        bodies = books.entries(records, version or 0)
        changes = {change.entry_id: change for change in book_changes.open_ones(records)}
    due = {each.entry: each for each in desk.due(bodies, today())}
    shown = {**{id: change.body for id, change in changes.items()}, **bodies}
    rows = {
        entry_id: body
        for entry_id, body in sorted(shown.items())
        if _fits(body, words, province)
        and (
            {"": True, "on": desk.is_on(body), "off": not desk.is_on(body)}.get(state)
            or (state == "due" and entry_id in due)
            or (state == "changed" and entry_id in changes)
        )
    }
    return render_template(
        "book/index.html",
        rows=rows,
        version=version,
        total=len(bodies),
        changes=changes,
        due=due,
        today=today(),
        states=STATES,
        chosen={"q": words, "province": province, "state": state},
    )


@pages.get("/entries/<entry_id>")
@needs(May.READ_BOOK)
def entry(entry_id: str) -> str:
    with database().reading() as records:
        body = books.body(records, entry_id)
        change = book_changes.of_entry(records, entry_id)
    if body is None and change is None:
        abort(404)
    return _page(entry_id, change.body if change else body or {})


@pages.get("/new")
@needs(May.EDIT_BOOK)
def new() -> str:
    """The form of an entry that is not there yet; what led to it (a question, a cluster, a manual) fills it in."""
    if draft := _draft(request.args):
        return _page("", draft.body)
    said = [line.strip() for line in request.args.getlist("phrase") if line.strip()]
    body = {
        "province": request.args.get("province", "gd"),
        "audience": "both",
        "question": said[0] if said else "",
        "valid_from": today().isoformat(),
        "phrases": {"plain": said[1:]} if said[1:] else {},
    }
    return _page("", body)


@pages.post("/entries")
@needs(May.EDIT_BOOK)
def save() -> AnyResponse | str | tuple[str, int]:
    """Look at a change, try it, or propose it."""
    entry_id = request.form.get("id", "").strip()
    if not ENTRY_ID.fullmatch(entry_id):
        abort(400)
    with database().reading() as records:
        base = books.body(records, entry_id)
    body = entry_form.read(request.form, base, entry_id)
    draft = _draft(request.form)
    act = request.form.get("act")
    if act == "look":
        return _page(entry_id, body, looked=True)
    try:
        if act == "try":
            return trying.tried({entry_id: body}, note=request.form.get("reason", ""))
        with database().transaction() as records:
            desk.propose(records, entry_id, body, note=request.form.get("reason", ""), staff=me(), now=now())
            if draft:
                drafts.drop(records, draft.id, staff=me())
    except Refusal as refused:
        return _page(entry_id, body, refused=refused), 409
    return redirect(url_for(".changes", saved=entry_id))


@pages.get("/changes")
@needs(May.READ_BOOK)
def changes() -> str:
    return _changes()


@pages.post("/changes/<change_id>/approve")
@needs(May.EDIT_BOOK)
def approve(change_id: str) -> AnyResponse:
    with database().transaction() as records:
        book_changes.approve(records, change_id, staff=me(), now=now())
    return redirect(url_for(".changes"))


@pages.post("/changes/<change_id>/discard")
@needs(May.EDIT_BOOK)
def discard(change_id: str) -> AnyResponse:
    with database().transaction() as records:
        book_changes.discard(records, change_id, staff=me(), now=now())
    return redirect(url_for(".changes"))


@pages.post("/publish")
@needs(May.EDIT_BOOK)
def publish() -> AnyResponse:
    with database().transaction() as records:
        version, _ = desk.publish(
            records,
            request.form.getlist("change"),
            note=request.form.get("reason", ""),
            staff=me(),
            now=now(),
        )
    return redirect(url_for(".versions", published=version))


@pages.get("/versions")
@needs(May.READ_BOOK)
def versions() -> str:
    with database().reading() as records:
        found = books.versions(records)
        bodies = books.entries(records, found[0].number) if found else {}
    files = shelf.shipped_bodies()
    return render_template(
        "book/versions.html",
        versions=found,
        differing={
            entry_id: desk.difference(bodies.get(entry_id), files.get(entry_id))
            for entry_id in shelf.differing(bodies, files)
        },
        in_files=files,
    )


@pages.post("/files")
@needs(May.EDIT_BOOK)
def take_over() -> AnyResponse:
    """Propose what the files have of the chosen entries; it is approved and published like any other change."""
    files = shelf.shipped_bodies()
    chosen = [entry_id for entry_id in request.form.getlist("entry") if entry_id in files]
    if not chosen:
        abort(400)
    with database().transaction() as records:
        for entry_id in chosen:
            note = request.form.get("reason", "")
            desk.propose(records, entry_id, files[entry_id], note=note, staff=me(), now=now())
    return redirect(url_for(".changes", saved=chosen[0]))


@pages.get("/versions/<int:number>")
@needs(May.READ_BOOK)
def version(number: int) -> str:
    """What a version changed, against the one before it or another; against none, which entries it has."""
    against = request.args.get("against", str(number - 1))
    other = int(against) if against.isdecimal() and len(against) < 9 else number - 1
    with database().reading() as records:
        new, old = books.entries(records, number), books.entries(records, other)
        found = next((each for each in books.versions(records) if each.number == number), None)
        current = books.current_version(records)
    if found is None:
        abort(404)
    differing = {
        entry_id: desk.difference(old.get(entry_id), new.get(entry_id))
        for entry_id in (shelf.differing(old, new) if old else ())
    }
    return render_template(
        "book/version.html",
        version=found,
        against=other,
        differing=differing,
        current=current,
        all_new={} if old else {entry_id: body["question"] for entry_id, body in new.items()},
    )


@pages.post("/versions/<int:number>/roll-back")
@needs(May.EDIT_BOOK)
def roll_back(number: int) -> AnyResponse:
    with database().transaction() as records:
        made = book_changes.roll_back(
            records, number, note=request.form.get("reason", ""), staff=me(), now=now()
        )
    return redirect(url_for(".versions", published=made))


@pages.get("/export.zip")
@needs(May.READ_BOOK)
def export() -> Response:
    """The book that answers as files, for `faq/entries/`."""
    with database().reading() as records:
        number = books.current_version(records) or 0
        bodies = books.entries(records, number)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry_id, body in bodies.items():
            archive.writestr(f"{entry_id}.yml", as_yaml(body))
    answer = Response(file.getvalue(), content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="book-{number}.zip"'
    return answer


def _page(
    entry_id: str, body: Mapping[str, Any], *, looked: bool = False, refused: Refusal | None = None
) -> str:
    with database().reading() as records:
        version = books.current_version(records)
        bodies = books.entries(records, version or 0)
        history = books.history(records, entry_id)
        change = book_changes.of_entry(records, entry_id)
    base = bodies.get(entry_id)
    drafted = {**bodies, entry_id: body}
    judged = bool(entry_id) and (looked or refused is not None or body != base)
    answer = source = None
    findings, collisions = [], []
    if judged or base:
        try:
            book = desk.book_of({entry_id: {**body, "on": True}}, version)
            answer, source = book.answer(entry_id), book.source(entry_id)
        except (KeyError, TypeError, ValueError):
            answer = None  # not yet an entry; the findings say what is missing
    if judged and answer:
        findings = desk.faults(drafted, entry_id, today())
        collisions = desk.new_collisions(bodies, entry_id, body)
    return render_template(
        "book/entry.html",
        entry_id=entry_id,
        body=body,
        base=base,
        boxes=entry_form.boxes(body),
        choices=entry_form.choices(body),
        draft=_draft(request.values),
        answer=answer,
        source=source,
        number=f"{entry_id}@{version or 0}",
        unready=judged and answer is None,
        findings=findings,
        advice=desk.ADVICE,
        collisions=collisions,
        differences=desk.difference(base, body) if base and body != base else [],
        history=history,
        change=change,
        looked=looked,
        sentence=refusal(refused) if refused else None,
    )


def _draft(given: Mapping[str, str]) -> EntryDraft | None:
    """The draft that an entry is being written from, as long as nobody else has taken it."""
    number = given.get("draft", "")
    if not number.isdecimal() or len(number) > 9:
        return None
    with database().reading() as records:
        return drafts.find(records, int(number))


def _changes() -> str:
    with database().reading() as records:
        bodies = books.entries(records, books.current_version(records) or 0)
        found = book_changes.open_ones(records)
        rows = [
            {
                "change": change,
                "lines": desk.difference(change.base, change.body),
                "needs_another": book_changes.needs_another(change),
                "stale": book_changes.is_stale(records, change),
                "ready": book_changes.is_ready(records, change),
                "collisions": desk.new_collisions(bodies, change.entry_id, change.body),
            }
            for change in found
        ]
        tried = trials.of_changes(records, {change.entry_id: change.body for change in found})
    return render_template("book/changes.html", rows=rows, trial=tried, saved=request.args.get("saved"))


def _fits(body: Mapping[str, Any], words: str, province: str) -> bool:
    if province and body["province"] != province:
        return False
    entry = desk.entry_of(body)
    texts = (entry.id, entry.answer, entry.note, *entry.steps, *entry.said())
    return all(any(word.lower() in text.lower() for text in texts) for word in words.split())
