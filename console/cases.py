"""Cases: the queue, and one of them with its material, what is on record, and its decision."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from console import moments
from console.access import needs
from console.records import database, hall, me, now
from hrss import case_comparison, case_queue, case_review, happenings, looking, photos
from hrss.case_queue import Place, Wanted
from hrss.case_states import CaseKind
from hrss.permissions import May

STATES = ("waiting", "returned", "decided", "all")
LINK_SECONDS = 300  # a photo's address is good for so long, and for who it was made for

pages = Blueprint("cases", __name__, url_prefix="/cases")


@pages.get("")
@needs(May.SEE_CASES)
def index() -> str:
    kind, state, owner = (request.args.get(name, "") for name in ("kind", "state", "owner"))
    if (kind and kind not in [each.value for each in CaseKind]) or (state and state not in STATES):
        abort(400)
    wanted = Wanted(
        state=state or "waiting",
        kind=CaseKind(kind) if kind else None,
        taken_by=me() if owner == "mine" else None,
        untaken=owner == "nobody",
    )
    with database().reading() as records:
        found = case_queue.page(records, wanted, now=now(), after=_place(request.args.get("after")))
        waiting = case_queue.waiting_by_kind(records)
    return render_template(
        "cases/index.html",
        queued=found.cases,
        first=url_for(".index", **_given(kind, state, owner)) if "after" in request.args else None,
        following=url_for(".index", **_given(kind, state, owner), after=_written(found.following))
        if found.following
        else None,
        waiting=waiting,
        kinds=list(CaseKind),
        states=STATES,
        chosen={"kind": kind, "state": wanted.state, "owner": owner},
        now=now(),
    )


@pages.get("/<number>")
@needs(May.SEE_CASES)
def show(number: str) -> str:
    return _page("cases/show.html", number)


@pages.get("/<number>/sheet")
@needs(May.SEE_CASES)
def sheet(number: str) -> str:
    """For the counter: to print."""
    return _page("cases/sheet.html", number)


@pages.get("/<number>/photos/<link>")
@needs(May.SEE_CASES)
def photo(number: str, link: str) -> Response:
    try:
        named, photo_id, reader = _links().loads(link, max_age=LINK_SECONDS)
    except BadSignature:
        abort(404)
    if (named, reader) != (number, me()):
        abort(404)
    with database().transaction() as records:
        looking.note_photo(records, number, photo_id, staff=me(), now=now())
        picture = photos.show(records, hall(), photo_id)
    return Response(picture, content_type="image/jpeg")


@pages.post("/<number>/take")
@needs(May.DECIDE_CASES)
def take(number: str) -> AnyResponse:
    with database().transaction() as records:
        case_review.take(records, hall(), number, staff=me(), now=now())
    return redirect(url_for(".show", number=number))


@pages.post("/<number>/release")
@needs(May.DECIDE_CASES)
def release(number: str) -> AnyResponse:
    with database().transaction() as records:
        case_review.release(records, hall(), number, staff=me(), now=now())
    return redirect(url_for(".index"))


@pages.post("/<number>/decision")
@needs(May.DECIDE_CASES)
def decide(number: str) -> AnyResponse:
    decision, reason = request.form.get("decision", ""), request.form.get("reason", "")
    with database().transaction() as records:
        if decision == "approve":
            case_review.approve(records, hall(), number, staff=me(), now=now())
        elif decision == "reply":
            case_review.reply(records, hall(), number, staff=me(), words=reason, now=now())
        elif decision == "return":
            case_review.return_(records, hall(), number, staff=me(), reason=reason, now=now())
        elif decision == "reject":
            case_review.reject(records, hall(), number, staff=me(), reason=reason, now=now())
        else:
            abort(400)
    return redirect(url_for(".show", number=number))


def _page(template: str, number: str) -> str:
    with database().transaction() as records:
        case = case_review.show(records, hall(), number)
        looking.note_case(records, case.number, staff=me(), now=now())
        compared = case_comparison.of_case(records, hall(), number)
        happened = happenings.of_conversation(records, case.conversation_id)
    return render_template(
        template,
        case=case,
        compared=compared,
        # What is compared is shown there; everything else that a kind of case claims, as it is.
        claim={
            name: value
            for name, value in case.claim.items()
            if value and name not in {each.field for each in compared if each.claimed}
        },
        happened=happened,
        photos=[_links().dumps([case.number, photo_id, me()]) for photo_id in case.photos],
        mine=case.taken_by == me(),
        may_decide=case_review.may_decide(current_user.role, case.kind),
        days_left=case_queue.days_left(case.due_on, case.state, now()),
        now=now(),
    )


def _given(kind: str, state: str, owner: str) -> dict[str, Any]:
    given = {"kind": kind, "state": state, "owner": owner}
    return {name: value for name, value in given.items() if value}


def _written(place: Place) -> str:
    return f"{place.due_on}~{place.submitted_at.isoformat()}~{place.number}"


def _place(text: str | None) -> Place | None:
    """Read back what `_written` wrote."""
    if text is None:
        return None
    try:
        day, moment, number = text.split("~")
        due_on, submitted_at = date.fromisoformat(day), datetime.fromisoformat(moment)
    except ValueError:
        abort(400)
    if submitted_at.tzinfo is None or submitted_at.year not in moments.YEARS:
        abort(400)
    return Place(due_on, submitted_at, number)


def _links() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="photo of a case")
