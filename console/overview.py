"""The overview: what was asked, answered, and left, as charts that lead to the conversations behind them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request

from console import moments
from console.access import allowed, needs
from console.records import database, now
from hrss import case_queue, overview, radar, reviews
from hrss.overview import Day, Span
from hrss.permissions import May

SHOWN_DAYS = 14
MOST_DAYS = 92

pages = Blueprint("overview", __name__, url_prefix="/overview")


@pages.get("")
@needs(May.SEE_STATISTICS)
def index() -> str:
    span = _span()
    with database().reading() as records:
        days = overview.by_day(records, span)
        shown = {
            "conversations": overview.conversations(records, span),
            "hot": overview.hot_questions(records, span),
            "feedback": overview.feedback(records, span),
            "satisfaction": overview.satisfaction(records, span),
            "funnels": overview.funnels(records, span),
            "speed": overview.speed(records, span),
            "handed_over": overview.handed_over(records, span),
            "rises": radar.rises(records, now()),
            "waiting": case_queue.waiting_by_kind(records),
            "agreement": reviews.agreement(records, since=span.since, until=span.until),
        }
    return render_template(
        "overview.html",
        span=span,
        days=days,
        totals=_totals(days),
        highest=max([sum(day.decisions.values()) for day in days] + [1]),
        rising=(now() - radar.WINDOW, now()),
        linked=allowed(May.READ_CONVERSATIONS.value),
        narrowed={name: getattr(span, name) for name in ("channel", "province") if getattr(span, name)},
        **shown,
    )


def _span() -> Span:
    today = now().astimezone(moments.BEIJING).date()
    try:
        last = date.fromisoformat(request.args.get("last") or today.isoformat())
        if last.year not in moments.YEARS:
            abort(400)
        first_day = (last - timedelta(days=SHOWN_DAYS - 1)).isoformat()
        first = date.fromisoformat(request.args.get("first") or first_day)
    except ValueError:
        abort(400)
    if first.year not in moments.YEARS or first > last:
        abort(400)
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    return Span(first, last, request.args.get("channel") or None, request.args.get("province") or None)


def _totals(days: list[Day]) -> dict[str, Any]:
    decisions: dict[str, int] = {}
    for day in days:
        for name, count in day.decisions.items():
            decisions[name] = decisions.get(name, 0) + count
    return {"turns": sum(day.turns for day in days), "decisions": decisions}
