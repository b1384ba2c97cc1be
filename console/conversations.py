"""Conversations: the list, and one of them with the reasons for its answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from console import filters, moments, sheets
from console.access import allowed, needs
from console.records import database, me, now
from hrss import (
    audit,
    handovers,
    looking,
    permissions,
    regressions,
    reviews,
    saved_filters,
    transcript_list,
    transcripts,
)
from hrss.permissions import May
from hrss.subjects import Subject, SubjectKind
from hrss.transcript_list import Queue, Summary

PAGE_LENGTH = 30
MOST_EXPORTED = 100_000

pages = Blueprint("conversations", __name__, url_prefix="/conversations")


@pages.get("")
@needs(May.READ_CONVERSATIONS)
def index() -> str:
    chosen = filters.chosen(request.args)
    before = filters.place(request.args["before"]) if "before" in request.args else None
    wanted = filters.read(chosen)
    with database().reading() as records:
        page = transcript_list.page(records, wanted, before, PAGE_LENGTH)
        tally = transcript_list.tally(records, wanted) if wanted.asked_since and wanted.asked_until else None
        saved = saved_filters.of(records, me())
        flows, refusals = looking.flows(records), looking.refusals(records)
    return render_template(
        "conversations/index.html",
        page=page,
        tally=tally,
        chosen=chosen,
        saved=saved,
        query=filters.query(chosen),
        flows=flows,
        refusals=refusals,
        newest=url_for(".index", **chosen) if before else None,
        older=url_for(".index", **chosen, before=filters.written(page.older)) if page.older else None,
    )


@pages.get("/export.<kind>")
@needs(May.EXPORT_CONVERSATIONS)
def export(kind: str) -> Response:
    """Everything that the filter shows, with the filter itself in the audit trail."""
    if kind not in sheets.TYPES:
        abort(404)
    chosen = filters.chosen(request.args)
    wanted = filters.read(chosen)
    with database().transaction() as records:
        permissions.require(records, me(), May.EXPORT_CONVERSATIONS)
        whose = Subject(SubjectKind.STAFF, me())
        audit.record(
            records,
            "conversations.exported",
            whose,
            now=now(),
            staff=me(),
            kind=kind,
            filter=filters.query(chosen),
        )
    headings = render_template("conversations/export.txt").strip().split(",")

    def rows() -> Iterator[list[Any]]:
        yield headings
        with database().reading() as records:
            for each in transcript_list.every(records, wanted, MOST_EXPORTED):
                yield _row(each)

    return sheets.answer(kind, f"conversations-{now():%Y%m%d-%H%M}", rows())


@pages.post("/filters")
@needs(May.READ_CONVERSATIONS)
def save_filter() -> AnyResponse:
    chosen = filters.chosen(request.form)
    filters.read(chosen)
    with database().transaction() as records:
        saved_filters.save(records, me(), request.form.get("name", ""), filters.query(chosen))
    return redirect(url_for(".index", **chosen))


@pages.post("/filters/forget")
@needs(May.READ_CONVERSATIONS)
def forget_filter() -> AnyResponse:
    with database().transaction() as records:
        saved_filters.forget(records, me(), request.form.get("name", ""))
    return redirect(url_for(".index"))


@pages.get("/<conversation_id>")
@needs(May.READ_CONVERSATIONS)
def show(conversation_id: str) -> str:
    with database().transaction() as records:
        conversation = transcript_list.summary(records, conversation_id)
        if conversation is None:
            abort(404)
        looking.note(records, conversation_id, staff=me(), now=now())
        exchanges = transcripts.turns(records, conversation_id)
        own, others = reviews.verdicts(records, conversation_id, reader=me())
        comments = reviews.comments(records, conversation_id)
        test = regressions.of(records, conversation_id)
        handover = handovers.held(records, conversation_id)
    queue = _queue(request.args.get("queue"))
    return render_template(
        "conversations/show.html",
        conversation=conversation,
        exchanges=exchanges,
        own=own,
        # Who has yet to judge, judges blind.
        others=others if own or not allowed(May.REVIEW.value) else [],
        hidden=len(others) if not own and allowed(May.REVIEW.value) else 0,
        comments=comments,
        test=test,
        handover=handover,
        queue=queue.value if queue else None,
    )


def _queue(text: str | None) -> Queue | None:
    return Queue(text) if text in [queue.value for queue in Queue] else None


def _row(each: Summary) -> list[Any]:
    return [
        each.id,
        moments.beijing(each.started_at, "%Y-%m-%d %H:%M:%S"),
        moments.beijing(each.last_at, "%Y-%m-%d %H:%M:%S"),
        each.channel,
        each.province or "",
        each.question,
        each.turns,
        " ".join(f"{name}:{count}" for name, count in each.decisions.items()),
        each.helpful,
        each.unhelpful,
        each.satisfaction,
        len(each.reviewers),
        " ".join(each.follow_ups),
    ]
