"""The overview: what was asked, answered, and left, as charts that lead to the conversations behind them."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, abort, render_template, request

from console import moments
from console.access import allowed, needs
from console.records import database, now
from hrss import case_queue, day_figures, overview, radar, reviews
from hrss.day_figures import Span
from hrss.permissions import May

SHOWN_DAYS = 14
MOST_DAYS = 92

pages = Blueprint("overview", __name__, url_prefix="/overview")


@pages.get("")
@needs(May.SEE_STATISTICS)
def index() -> str:
    span, before = _span(), radar.days_before(now())
    with database().reading() as records:
        days = day_figures.of(records, span, now())
        usual = day_figures.of(records, before, now())
    if any(day.to_keep for day in (*days, *usual)):
        with database().transaction() as records:
            day_figures.keep(records, before, usual)
            day_figures.keep(records, span, days)
    figures = day_figures.total(days)
    with database().reading() as records:
        shown = {
            "hot": overview.hot_questions(records, figures),
            "satisfaction": overview.satisfaction(records, span),
            "handed_over": overview.handed_over(records, span),
            "rises": radar.rises(records, now()),
            "waiting": case_queue.waiting_by_kind(records),
            "agreement": reviews.agreement(records, since=span.since, until=span.until),
        }
    return render_template(
        "overview.html",
        span=span,
        today=_today(),
        timedelta=timedelta,
        days=days,
        figures=figures,
        conversations=sum(day.figures.talks(span.first) for day in days),
        funnels=overview.funnels(figures),
        speed=overview.speed(figures),
        speeds=[overview.speed(day.figures) for day in days],
        places=overview.places(figures),
        rising=(now() - radar.WINDOW, now()),
        linked=allowed(May.READ_CONVERSATIONS.value),
        narrowed={name: getattr(span, name) for name in ("channel", "province") if getattr(span, name)},
        **shown,
    )


def _span() -> Span:
    try:
        last = date.fromisoformat(request.args.get("last") or _today().isoformat())
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


def _today() -> date:
    return now().astimezone(moments.BEIJING).date()
